/*
title: Most of the model frozen while there was still much to learn
cause: frozen_parameter
strength: strong
severity: error
explains: [unknown, learning_rate_too_low, stopped_too_early, model_too_small, ignores_input, disconnected_parameter, parameter_not_optimized, class_imbalance]
reads:
  events: [kind]
  parameters: [numel]
  learning: [last_loss]
params:
  share: {default: 0.5, unit: share of the weights, source: "most of a model"}
  progress: {default: 0.5, unit: share of the first loss, source: "a loss that is down to this was learned before, or is learned by the rest"}
finds: Parameters that make up at least `share` of the weights and had requires_grad switched off during the run, for good, in a run whose loss is not down to `progress` of its first level.
matters: From that step on only the rest of the model learns.
do: Look for requires_grad_(False) or no_grad in a callback, a schedule of freezing, or a function that evaluates and does not put things back.
ignore: Layers that are frozen one after the other on purpose.
*/
with last_change as (
    select
        details ->> 'tensor' as name,
        max(step) as step,
        arg_max((details ->> 'trainable')::boolean, coalesce(step, -1)) as trainable
    from events
    where kind = 'trainable'
    group by details ->> 'tensor'
),

frozen as (
    select
        min(step) as step,
        sum(numel) as weights,
        count(*) as tensors,
        arg_max(parameters.name, numel) as largest
    from parameters
    join last_change using (name)
    where not last_change.trainable
),

total as (
    select sum(numel) as weights, max(last_step) as last_step
    from parameters
)

select
    largest as subject,
    frozen.step,
    total.last_step,
    frozen.weights / total.weights as value,
    $share as threshold,
    format(
        '{:.0f} % of the weights ({} tensors) are frozen from step {} on, and the loss ends at {:.4g} of {:.4g}',
        100 * frozen.weights / total.weights,
        tensors,
        frozen.step,
        last_loss,
        first_loss
    ) as message
from frozen, total, learning
where frozen.weights >= $share * total.weights and last_loss > $progress * first_loss and first_loss > 0
order by frozen.step
