/*
title: Single steps that replace the weights
cause: learning_rate_too_high
strength: strong
severity: error
explains: [unknown, dead_units, saturated_activation, exploding_gradient, nonfinite_forward, nonfinite_backward, vanishing_gradient, ignores_input, model_too_small, disconnected_parameter, normalization_statistics, weight_decay_too_high, overfitting, class_imbalance]
reads:
  step_sizes: [overwritten]
  learning: [last_loss]
params:
  ratio: {default: 0.5, unit: update over weight, source: "the textbook: 1 % of the weight, not 50 %; healthy runs of our zoo stay below 0.2"}
  progress: {default: 0.5, unit: share of the very first loss, source: "a run that halves its loss has survived such a step"}
finds: A recorded step that changed the median weight matrix by more than `ratio` of its size, in a run whose loss is not down to `progress` of its very first value.
matters: One such step forgets the initialisation; units die or saturate, and the loss starts again from somewhere worse.
do: Divide the learning rate by ten to a hundred, or warm it up; aim at updates between 1e-3 and 1e-2 of the weights.
ignore: Nothing, unless the loss is not meant to fall.
*/
with first as (
    select arg_min(loss, step) as loss
    from training_losses
),

found as (
    select
        min(step) as step,
        max(last_step) as last_step,
        max(overwritten) as overwritten,
        arg_max(largest_name, overwritten) as largest_name
    from step_sizes
    where overwritten > $ratio
)

select
    largest_name as subject,
    found.step,
    found.last_step,
    overwritten as value,
    $ratio as threshold,
    format('a step changes the weights by {:.0f} % of their size, first at step {}', 100 * least(overwritten, 1e9), found.step) as message
from found, first, learning
where found.step is not null and (nonfinite_at_end or first.loss <= 0 or last_loss > $progress * first.loss)
order by found.step
