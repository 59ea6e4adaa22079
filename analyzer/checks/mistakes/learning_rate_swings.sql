/*
title: A schedule that climbs again after it reached its end
cause: learning_rate_schedule
strength: strong
severity: warning
explains: [unknown, learning_rate_too_high, stopped_too_early]
reads:
  learning_rates: [rate]
params:
  low: {default: 0.02, unit: share of the peak, source: "the end of a cosine schedule; cyclical schedules keep a tenth and more"}
  high: {default: 0.5, unit: share of the peak, source: "half of the peak is a climb and no ripple"}
  step_up: {default: 0.3, unit: share of the peak in one step, source: "a warm restart climbs in one step, on purpose; CosineAnnealingLR stepped beyond T_max climbs smoothly"}
  times: {default: 2, unit: climbs, source: "a single one may be a second phase"}
finds: A rate that goes from almost zero smoothly back to half of its peak, `times` times or more.
matters: CosineAnnealingLR goes up again when it is stepped beyond T_max; with T_max in epochs and a step a batch the rate swings through the whole run and the last steps may come at any rate.
do: Set T_max to the number of times scheduler.step() is called.
ignore: A cyclical schedule that was chosen so.
*/
with marked as (
    select
        step,
        rate,
        peak,
        place,
        case when rate <= $low * peak then 'low' when rate >= $high * peak then 'high' end as level,
        rate - lag(rate) over (order by step) as climb
    from learning_rates
),

turns as (
    select
        *,
        lag(level) over (order by step) as level_before,
        lag(step) over (order by step) as step_before
    from marked
    where level is not null
),

climbs as (
    select turns.step_before, turns.step, max(marked.climb) as largest_climb, any_value(marked.peak) as peak
    from turns
    join marked on marked.step > turns.step_before and marked.step <= turns.step
    where turns.level = 'high' and turns.level_before = 'low' and turns.step_before > 0
    group by turns.step_before, turns.step
),

smooth as (
    select count(*) as times, min(step_before) as step, max(step) as last_step
    from climbs
    where largest_climb < $step_up * peak and step_before > (select min(step) from marked where level = 'high')
)

select
    'learning_rate' as subject,
    step,
    last_step,
    times as value,
    $times as threshold,
    format('the learning rate climbs back from almost zero {} times, first at step {}', times, step) as message
from smooth
where times >= $times
order by step
