/*
title: Targets that are found in the input
cause: targets_leak
strength: direct
severity: error
explains: [unknown, targets_misaligned]
reads:
  token_inputs: [same]
params:
  share: {default: 0.95, unit: share of the tokens, source: "a token equals a given neighbour in less than a fifth of the cases in text"}
  loss: {default: 0.3, unit: share of the loss of a uniform guess, source: "a model that does not use what it is given does not get there"}
finds: A language model whose targets equal its own input at the same or an earlier position in at least `share` of the tokens, and whose loss falls below `loss` of a uniform guess.
matters: The model copies instead of predicting; its loss is near zero and it can do nothing without the answer.
do: Shift the targets by one against the inputs, or let the model shift them, but once; check the causal mask.
ignore: An autoencoder of sequences; a model that shifts its labels itself, whose recorded predictions are not shifted.
*/
select
    token_inputs.split as subject,
    0 as step,
    token_inputs.step as last_step,
    greatest(same, before_1, before_2) as value,
    $share as threshold,
    format('{:.0f} % of the targets of {} are the input token {}, and the loss is down to {:.3g}', 100 * greatest(same, before_1, before_2), token_inputs.split,
        case when same >= $share then 'at their own position' when before_1 >= $share then 'one position earlier' else 'two positions earlier' end, loss) as message
from token_inputs
where greatest(same, before_1, before_2) >= $share and loss < $loss * ln(outputs)
order by token_inputs.split <> 'train', subject
