/*
title: A training loss that stands for a part of the step, or for the whole past
cause: loss_formula
strength: strong
severity: info
explains: []
reads:
  loss_formulas: [compared]
params:
  share: {default: 0.9, unit: share of the steps that can tell, source: "float32 sums agree to 1e-4"}
  patience: {default: 10, unit: logged numbers, source: "the training loss is logged at every step"}
  effect: {default: 0.002, unit: share of the value, source: "smaller differences change no decision"}
finds: A logged training loss that is that of the last micro-batch alone, a mean of micro-batches of different size, or a running mean that is never reset, in at least `share` of the steps that can tell, `patience` times and by `effect`.
matters: The curve is noisier or slower than the training is; the weights are not touched by it.
do: Log the mean over all micro-batches of the step, weighted by their elements; reset a running mean at each epoch.
ignore: A curve that is smoothed, or cheap to log, on purpose.
*/
select
    name as subject,
    step,
    last_step,
    reproduced / distinct_steps as value,
    $share as threshold,
    format('{} of {} is {}: it reproduces {} of {} numbers, such as {:.5g} at step {}, where the loss of the whole step is {:.5g}',
        name, split, formula, reproduced, distinct_steps, logged_value, last_step, right_value) as message
from loss_formulas
where cause = 'partial' and reproduced >= $patience and reproduced >= $share * distinct_steps and effect >= $effect
qualify row_number() over (partition by name, split order by reproduced desc, length(formula), formula) = 1
order by step, subject
