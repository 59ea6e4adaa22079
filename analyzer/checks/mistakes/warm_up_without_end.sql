/*
title: A warm-up that the run never leaves
cause: learning_rate_schedule
strength: strong
severity: warning
explains: [unknown, learning_rate_too_low, stopped_too_early]
reads:
  learning_rates: [rate]
  step_sizes: [update_ratio]
params:
  rising: {default: 0.8, unit: share of the run, source: "a warm-up is a few percent of a run; tuning playbook: at most 10 %"}
  slow: {default: 3.0e-4, unit: update over weight, source: "well below the 1e-3 that is wanted; TheDeepChecker: below 1e-4 is slow"}
  steps: {default: 50, unit: steps, source: "a run of a few steps is a smoke test"}
finds: A rate that still rises when the run ends, at a place where the steps are still smaller than `slow` of the weights.
matters: The run never reached the rate it was meant to have.
do: Count the warm-up in the units in which scheduler.step() is called; a warm-up in steps that is stepped once an epoch never ends.
ignore: A search for the learning rate, which raises it on purpose.
*/
with changes as (
    select
        step,
        rate,
        rate - lag(rate) over (order by step) as climb
    from learning_rates
),

summary as (
    select
        min(step) as step,
        max(step) as last_step,
        count(*) as steps,
        count(*) filter (climb < 0) as falls,
        max(step) filter (climb > 0) as last_climb,
        arg_max(rate, step) as rate,
        min(rate) filter (rate > 0) as first_rate
    from changes
),

moved as (
    select arg_max(update_ratio, step) as update_ratio
    from step_sizes
)

select
    'learning_rate' as subject,
    summary.step,
    last_step,
    rate as value,
    first_rate as threshold,
    format('the learning rate still rises at step {} of {}: {:.3g}, with steps of {:.1g} of the weights', last_climb, last_step, rate, update_ratio) as message
from summary, moved
where steps >= $steps and falls = 0 and last_climb >= $rising * last_step and rate > 1.5 * first_rate and update_ratio < $slow
order by summary.step
