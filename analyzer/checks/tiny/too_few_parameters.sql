/*
title: A model with few parameters that comes to a level just beyond guessing
cause: model_too_small
strength: strong
severity: warning
explains: [unknown, stopped_too_early]
reads:
  probes: [probe]
  evaluations: [train_accuracy]
  class_levels: [majority]
  parameters: [numel]
  step_sizes: [update_ratio]
  loss_windows: [median]
params:
  accuracy: {default: 0.9, unit: share right, source: "AUTOTRAINER Theta 0.6, DeepChecker 5 % on a tiny set; a model large enough learns its training data"}
  gap: {default: 0.1, unit: share right, source: "AUTOTRAINER: a gap of 0.1 is overfitting, not the lack of room"}
  errors: {default: 4, unit: standard errors above the most frequent class, source: "one of thirty thousand by chance: inputs and labels belong together"}
  parameters: {default: 0.1, unit: parameters per training sample, source: "a model can learn about as many arbitrary labels by heart as it has parameters"}
  update: {default: 1.0e-3, unit: update over weight, source: "the textbook: a rate that is not too low moves the weights by about this much a step"}
  level: {default: 0.03, unit: share of the loss, source: "the last third of the run brings no more than this"}
finds: A tiny set that the probe learned, and a run that hardly learned - its loss is level, its weights moved, training and validation accuracy agree below `accuracy` and both are certainly above the most frequent class - by a model of fewer than `parameters` for each training sample.
matters: Inputs and labels belong together, code and optimizer work, and yet nearly all of it is left unexplained; there is not enough room, and longer training will not bring it.
do: Add width or depth and compare; if a model ten times as large comes no further, the labels are noise or the inputs lack what tells the classes apart.
ignore: Labels that cannot be predicted better by any model.
*/
with last_evaluation as (
    select
        arg_max(evaluations.accuracy, step) as accuracy,
        arg_max(train_accuracy, step) as train_accuracy,
        arg_max(evaluations.samples, step) as samples,
        arg_max(class_levels.majority, step) as majority
    from evaluations
    join class_levels using (split)
    where evaluations.accuracy is not null
),

training as (
    select samples, majority
    from class_levels
    where split = 'train' and kinds > 1
),

size as (
    select sum(numel) as parameters
    from parameters
),

movement as (
    select median(update_ratio) as update_ratio
    from step_sizes
)

select
    '' as subject,
    loss_tail.first_step as step, -- the model has had this size from the start
    loss_tail.last_step,
    size.parameters as value,
    $parameters * training.samples as threshold,
    format(
        '{} parameters for {} training samples: a tiny set was learned, but the loss is level at {:.4g}, with {:.0f} % right in training and {:.0f} % in validation; labels that are mostly noise look the same',
        size.parameters, training.samples, after, 100 * train_accuracy, 100 * last_evaluation.accuracy
    ) as message
from last_evaluation, training, size, movement, loss_tail, learning
where
    exists (from probes where probe = 'overfit' and passed)
    and not coalesce(learned, true)
    and not nonfinite_at_end
    and size.parameters < $parameters * training.samples
    and movement.update_ratio >= $update
    and train_accuracy < $accuracy
    and train_accuracy - last_evaluation.accuracy < $gap
    and train_accuracy > training.majority + $errors * sqrt(training.majority * (1 - training.majority) / training.samples)
    and last_evaluation.accuracy
    > last_evaluation.majority + $errors * sqrt(last_evaluation.majority * (1 - last_evaluation.majority) / last_evaluation.samples)
    and abs(before - after) < $level * abs(before) + 2 * noise
order by step
