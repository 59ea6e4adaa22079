/*
title: A metric that counts padding
cause: padding_counted
strength: direct
severity: error
explains: [unknown, metric_formula]
reads:
  metric_formulas: [compared]
params:
  share: {default: 0.9, unit: share of the evaluations that can tell, source: "sums of whole numbers agree to 1e-4"}
  patience: {default: 3, unit: logged numbers, source: "three numbers that agree to four digits are no coincidence"}
  effect: {default: 0.002, unit: share of the value, source: "smaller differences change no decision"}
finds: A logged metric that equals the one over all elements, padding and ignored ones too, to four digits in at least `share` of the evaluations in which that differs from the right one, at least `patience` times, and by `effect` in the typical case.
matters: Padding is easy to predict, so that the metric looks better than the model is, the more so the more padding a batch has.
do: Count only the elements that the mask or ignore_index leaves, in numerator and denominator alike.
ignore: Nothing; a metric over padding says nothing of the model.
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
where cause = 'padding_counted' and reproduced >= $patience and reproduced >= $share * distinct_steps and effect >= $effect
qualify row_number() over (partition by name, split order by reproduced desc, length(formula), formula) = 1
order by split, step, subject
