/*
title: A logged loss that another formula gives
cause: loss_formula
strength: direct
expected: true
severity: error
explains: [unknown, label_errors, learning_rate_too_high, learning_rate_too_low, exploding_gradient, loss_mismatch, model_too_small, gradient_clipped_away, stopped_too_early]
reads:
  loss_formulas: [compared]
params:
  share: {default: 0.9, unit: share of the steps that can tell, source: "float32 sums agree to 1e-4; a few steps may hold samples that were not recorded"}
  patience: {default: 3, unit: logged numbers, source: "three numbers that agree to four digits are no coincidence"}
  effect: {default: 0.002, unit: share of the value, source: "smaller differences change no decision"}
finds: A loss that a wrong formula reproduces to four digits in at least `share` of the steps in which it differs from the declared loss, at least `patience` times, and by `effect` in the typical case.
matters: If this number is what is minimised, the gradient has the wrong scale or the wrong direction; if it is only printed, every comparison made with it is wrong.
do: Compute what was declared. Average once, over the elements that count; give cross_entropy raw outputs, without a softmax before it.
ignore: A loss that is meant to be this number; declare it with Recorder(loss=...).
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
where cause = 'loss_formula' and reproduced >= $patience and reproduced >= $share * distinct_steps and effect >= $effect
qualify row_number() over (partition by name, split order by reproduced desc, length(formula), formula) = 1
order by split <> 'train', starts_with(name, 'losses given'), step, subject
