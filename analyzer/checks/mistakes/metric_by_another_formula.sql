/*
title: A logged metric that another formula gives
cause: metric_formula
strength: direct
expected: true
severity: error
explains: [unknown]
reads:
  metric_formulas: [compared]
params:
  share: {default: 0.9, unit: share of the evaluations that can tell, source: "sums of whole numbers agree to 1e-4"}
  patience: {default: 3, unit: logged numbers, source: "three numbers that agree to four digits are no coincidence"}
  effect: {default: 0.002, unit: share of the value, source: "smaller differences change no decision"}
finds: A metric that a wrong formula reproduces to four digits in at least `share` of the evaluations in which it differs from every accepted variant of the metric, at least `patience` times, and by `effect` in the typical case.
matters: The model may be better or worse than the number says; checkpoints, early stopping and comparisons follow a wrong number.
do: Collect predictions and targets of the whole split and compute the metric once; or sum up counts, not values of batches.
ignore: A metric that is meant to be this number; give it a name that says so.
*/
select
    name as subject,
    step,
    last_step,
    reproduced / distinct_steps as value,
    $share as threshold,
    format('{} of {} is {}: it reproduces {} of {} numbers to four digits, such as {:.5g} at step {}, where the right value is {:.5g}',
        name, split, formula, reproduced, distinct_steps, logged_value, last_step, right_value) as message
from metric_formulas
where cause = 'metric_formula' and reproduced >= $patience and reproduced >= $share * distinct_steps and effect >= $effect
qualify row_number() over (partition by name, split order by reproduced desc, length(formula), formula) = 1
order by split, step, subject
