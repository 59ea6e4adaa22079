/*
title: A learning rate that ends long before the run does
cause: learning_rate_schedule
strength: strong
severity: error
explains: [unknown, learning_rate_too_low, stopped_too_early, class_imbalance, parameter_not_optimized, model_too_small]
reads:
  learning_rates: [rate]
  loss_windows: [median]
params:
  collapse: {default: 0.01, unit: share of the peak, source: "two decays by ten, as step schedules have them, leave this much"}
  latest: {default: 0.7, unit: share of the run, source: "cosine and linear schedules come this low in their last tenth"}
  falling: {default: 0.1, unit: share of the loss, source: "AUTOTRAINER and others call less than this level"}
  drop: {default: 1000, unit: times, source: "step schedules divide by ten, or by a hundred at most; a rate that loses more from one step to the next is switched off"}
  noise: {default: 3, unit: times the noise of a level, source: "three standard errors"}
finds: A rate below `collapse` of its peak from before `latest` of the run to its end, while the loss was still falling when it came down and hardly falls after; or a rate that falls to less than a `drop`th of itself in one step before half of the run.
matters: The steps after that point change nothing; the model stays where the schedule left it.
do: Look whether scheduler.step() is called once a step where the schedule counts epochs, and whether its length is that of this run.
ignore: Reduction on a plateau, after which there was nothing more to gain.
*/
with last_high as (
    select coalesce(max(place) filter (rate > $collapse * peak), -1) as place, count(*) as steps, any_value(peak) as peak
    from learning_rates
),

low as (
    select
        min(learning_rates.step) as step,
        max(learning_rates.step) as last_step,
        min(share) as share,
        max(rate) as rate,
        any_value(last_high.peak) as peak,
        (select max(step) filter (rate >= 0.9 * peak) from learning_rates) + 1 as fall_step
    from learning_rates, last_high
    where learning_rates.place > last_high.place and steps >= 20
),

switched_off as (
    select bool_or(steps.rate * $drop < steps.before) as at_once
    from (select step, rate, lag(rate) over (order by step) as before from learning_rates) as steps, low
    where steps.step = low.step
),

levels as (
    select
        avg(median) filter (loss_windows.last_step < low.step) as mean_before,
        arg_max(median, position) filter (loss_windows.step <= low.step) as at_collapse,
        arg_min(median, position) filter (loss_windows.step <= low.step) as at_start,
        arg_max(median, position) filter (loss_windows.losses > 0) as at_end,
        count(*) filter (loss_windows.last_step < low.step) as levels_before
    from loss_windows, low
    where loss_windows.losses > 0
),

stretch as (
    select
        median,
        row_number() over (order by position) as place,
        row_number() over (order by position desc) as place_from_end,
        count(*) over () as levels
    from loss_windows, low
    where loss_windows.losses > 0 and loss_windows.last_step >= low.step - greatest(low.step / 3, 10) and loss_windows.step <= low.step
),

before as (
    -- Up to three levels at each end of the stretch: a single one is too uncertain to tell whether the loss still fell.
    select
        avg(median) filter (place <= greatest(1, least(3, levels // 3))) as level,
        avg(median) filter (place_from_end <= greatest(1, least(3, levels // 3))) as level_at_collapse
    from stretch
)

select
    'learning_rate' as subject,
    least(low.fall_step, low.step) as step,
    low.last_step,
    low.rate as value,
    $collapse * low.peak as threshold,
    format(
        'the learning rate falls from {:.3g} to {:.3g} by step {}, {:.0f} % into the run, while the loss still falls ({:.4g} then, {:.4g} at the end)',
        low.peak,
        low.rate,
        low.step,
        100 * low.share,
        at_collapse,
        at_end
    ) as message
from low, switched_off, levels, before, learning
where
    low.share < $latest
    and low.step is not null
    and at_end > greatest($falling * first_loss, 0)
    and (levels_before = 0 or before.level - level_at_collapse > greatest($falling * 0.3 * abs(before.level), $noise * noise) or low.share < 0.2 or (at_once and low.share < 0.5))
order by step
