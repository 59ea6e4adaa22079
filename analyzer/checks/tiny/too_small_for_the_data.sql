/*
title: A model that learns a few examples and not the data
cause: model_too_small
strength: strong
severity: warning
explains: [unknown, stopped_too_early]
reads:
  probes: [probe]
  evaluations: [train_accuracy]
  loss_windows: [median]
params:
  accuracy: {default: 0.9, unit: share right, source: "AUTOTRAINER Theta 0.6, DeepChecker 5 % on a tiny set; a model large enough learns its training data"}
  gap: {default: 0.1, unit: share right, source: "AUTOTRAINER: a gap of 0.1 is overfitting, not the lack of room"}
  level: {default: 0.03, unit: share of the loss, source: "the last third of the run brings no more than this"}
finds: A tiny set that the probe learned, training and validation accuracy that are both below `accuracy` and close together, and a loss that has come to a level.
matters: Code and optimizer work; there is not enough room for what the data hold, and longer training will not bring it.
do: Add width or depth, or inputs that carry more; look first whether the labels are right.
ignore: Labels that cannot be predicted better (noise).
*/
with passed as (
    select count(*) as times
    from probes
    where probe = 'overfit' and passed
),

last_evaluation as (
    select
        arg_max(accuracy, step) as accuracy,
        arg_max(train_accuracy, step) as train_accuracy
    from evaluations
    where accuracy is not null
)

select
    '' as subject,
    loss_tail.step,
    loss_tail.last_step,
    train_accuracy as value,
    $accuracy as threshold,
    format(
        'the tiny set was learned, but training accuracy stays at {:.0f} % and validation at {:.0f} %, and the loss is level at {:.4g}',
        100 * train_accuracy,
        100 * accuracy,
        after
    ) as message
from passed, last_evaluation, loss_tail, learning
where
    times > 0
    and train_accuracy < $accuracy
    and train_accuracy - accuracy < $gap
    and abs(before - after) < $level * abs(before) + 2 * noise
    and coalesce(learned, false)
order by step
