/*
title: A loss that compares every prediction with every target
cause: shape_broadcast
strength: direct
severity: error
explains: [unknown, loss_formula, ignores_input, model_too_small, learning_rate_too_low, metric_formula, loss_mismatch, wrong_output_activation, class_imbalance]
reads:
  loss_formulas: [compared]
params:
  share: {default: 0.9, unit: share of the steps that can tell, source: "float32 sums agree to 1e-4; a few steps may hold samples that were not recorded"}
  patience: {default: 3, unit: logged numbers, source: "three numbers that agree to four digits are no coincidence"}
  effect: {default: 0.002, unit: share of the value, source: "smaller differences change no decision"}
finds: A logged loss that equals the mean squared difference of all pairs of a prediction and a target to four digits in at least `share` of the steps in which that differs from the declared loss, at least `patience` times, and by `effect` in the typical case.
matters: With predictions [N, 1] and targets [N] the difference has the shape [N, N]. Its minimum is to predict the mean of the targets for every sample, so nothing is learned.
do: Give both the same shape, with prediction.squeeze(1) or target.unsqueeze(1), and take the warning of mse_loss about shapes seriously.
ignore: Nothing; a loss over all pairs is no regression loss.
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
where cause = 'shape_broadcast' and reproduced >= $patience and reproduced >= $share * distinct_steps and effect >= $effect
qualify row_number() over (partition by name, split order by reproduced desc, length(formula), formula) = 1
order by split <> 'train', starts_with(name, 'losses given'), step, subject
