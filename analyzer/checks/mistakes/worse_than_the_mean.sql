/*
title: Predictions farther from their targets than the mean of the targets
cause: unknown
strength: symptom
severity: error
explains: []
reads:
  samples: [target_value, predicted_value]
  run_facts: [loss]
params:
  worse: {default: 1.5, unit: squared error over the variance of the targets, source: "1 is what the mean of the targets has; a model that has learned little is near it"}
  samples: {default: 30, unit: samples, source: "the variance of fewer is uncertain by more than a quarter"}
finds: A regression whose squared error, in the last whole pass of every split, is more than `worse` times the variance of the targets.
matters: One constant number would do better. However far the loss came down, it began far higher than it should.
do: Look at the scale of the first predictions (weights, inputs, targets) and at whether the loss was still falling.
ignore: Targets that change while the model is trained, as in reinforcement learning.
*/
with last_whole as (
    select split, max(pass) as pass, arg_max(step, pass) as step
    from passes
    where complete
    group by split
),

outputs as (
    select
        split,
        last_whole.step,
        unnest(coalesce(target_values, [target_value]))::double as target,
        unnest(coalesce(predicted_values, [predicted_value]))::double as predicted,
        unnest(range(len(coalesce(target_values, [target_value])))) as place
    from samples join last_whole using (split, pass)
    where predicted_value is not null
),

by_output as (
    select split, count(*) as samples, max(step) as step, avg((predicted - target) ** 2) as error, var_pop(target) as variance
    from outputs
    where isfinite(target) and isfinite(predicted)
    group by split, place
),

squares as (
    select split, max(step) as step, min(samples) as samples, sum(error) / nullif(sum(variance), 0) as ratio
    from by_output
    group by split
)

select
    '' as subject,
    0 as step,
    max(squares.step) as last_step,
    min(ratio) as value,
    $worse as threshold,
    format('at the end the squared error is {:.3g} times the variance of the targets', min(ratio)) as message
from squares, run_facts
where run_facts.loss in ('mse_loss', 'l1_loss', 'smooth_l1_loss', 'huber_loss')
having min(ratio) > $worse and min(samples) >= $samples
order by step
