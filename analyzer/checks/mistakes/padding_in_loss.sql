/*
title: A loss that counts padding
cause: padding_counted
strength: direct
severity: error
explains: [unknown, loss_formula, metric_formula, targets_leak]
reads:
  loss_formulas: [compared]
params:
  share: {default: 0.9, unit: share of the steps that can tell, source: "float32 sums agree to 1e-4; a few steps may hold samples that were not recorded"}
  patience: {default: 3, unit: logged numbers, source: "three numbers that agree to four digits are no coincidence"}
  effect: {default: 0.002, unit: share of the value, source: "smaller differences change no decision"}
finds: A logged loss that equals the mean over all elements, padding and ignored ones too, to four digits in at least `share` of the steps in which that differs from the mean over the elements that count, at least `patience` times, and by `effect` in the typical case.
matters: Padding is easy to predict, so that the loss looks better than it is, depends on how long the longest sequence of the batch is, and pulls the gradient toward predicting padding.
do: Pass ignore_index to the loss, or multiply by the mask and divide by the sum of the mask, not by the number of elements.
ignore: A model that is meant to learn where sequences end by predicting the padding.
*/
select
    name as subject,
    step,
    last_step,
    reproduced / distinct_steps as value,
    $share as threshold,
    format('{} of {} is {}: it reproduces {} of {} numbers to four digits, such as {:.5g} at step {}, where the declared loss is {:.5g}',
        name, split, formula, reproduced, distinct_steps, logged_value, last_step, right_value) as message
from loss_formulas
where cause = 'padding_counted' and reproduced >= $patience and reproduced >= $share * distinct_steps and effect >= $effect
qualify row_number() over (partition by name, split order by reproduced desc, length(formula), formula) = 1
order by split <> 'train', starts_with(name, 'losses given'), step, subject
