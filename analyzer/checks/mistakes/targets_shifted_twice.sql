/*
title: Targets shifted twice
cause: targets_misaligned
strength: direct
severity: error
explains: [unknown, model_too_small, overfitting]
reads:
  token_inputs: [after_2]
params:
  share: {default: 0.95, unit: share of the tokens, source: "a token equals a given neighbour in less than a fifth of the cases in text"}
finds: A language model whose targets equal its input two positions later in at least `share` of the tokens.
matters: The model is trained to predict the token after the next one; it never learns the next one.
do: Shift once. Many models shift the labels themselves; pass labels equal to the inputs to these.
ignore: A model that is meant to predict two tokens ahead.
*/
select
    split as subject,
    0 as step,
    step as last_step,
    after_2 as value,
    $share as threshold,
    format('{:.0f} % of the targets of {} are the input token two positions later, {:.0f} % the next one', 100 * after_2, split, 100 * after_1) as message
from token_inputs
where after_2 >= $share and after_1 < $share
order by split <> 'train', subject
