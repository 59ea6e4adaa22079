/*
title: A learning rate that comes down, climbs beyond its peak and loses what was learned
cause: learning_rate_schedule
strength: strong
severity: error
explains: [unknown, learning_rate_too_high, exploding_gradient, dead_units, saturated_activation, nonfinite_forward, nonfinite_backward, ignores_input, overfitting, class_imbalance]
reads:
  learning_rates: [rate]
  training_losses: [loss]
  loss_windows: [median]
  learning: [first_loss]
params:
  dip: {default: 0.5, unit: share of the peak before, source: "a rate that came down to half of its peak has begun to end"}
  beyond: {default: 1.2, unit: times the peak before, source: "cycles come back to their peak, or to less of it; ripples exceed it by a few percent"}
  worse: {default: 1.5, unit: times the loss before, source: "well beyond the bump that a restart makes"}
  learned: {default: 0.7, unit: share of the first loss, source: "there must be something to lose; a warm-up that fails has not learned yet"}
finds: A rate that had come down to `dip` of its peak, then climbs to more than `beyond` times that peak, and a loss that had fallen to `learned` of its first level and is, from the highest rate on, never again below `worse` times its best before.
matters: The first peak was a rate that the run took well; a later and higher one throws away what was learned, and no low phase after it brings it back.
do: Look at how the schedule scales its cycles (a factor above 1, an exponent without its sign, a warm-up that starts again from the wrong rate); let peaks stay or fall.
ignore: Searches for the largest rate, which climb until the loss is lost on purpose.
*/
with past as (
    select step, rate, max(rate) over (order by step rows between unbounded preceding and 1 preceding) as peak_before
    from learning_rates
),

left_peaks as (
    -- The last peak from which the rate had come down.
    select step, rate, last_value(case when rate <= $dip * peak_before then peak_before end ignore nulls) over (order by step) as peak
    from past
),

climbs as (
    select *, rate > $beyond * peak and lag(rate) over (order by step) <= $beyond * peak as begins
    from left_peaks
),

top as (
    -- The loss may hold out for a while on the way up.
    select arg_max(step, rate) as step, max(rate) as rate
    from climbs
    where rate > $beyond * peak
),

losses as (
    select
        min(median) filter (last_step < top.step) as before,
        arg_min(loss_windows.step, median) filter (last_step < top.step) as best_step,
        min(median) filter (last_step >= top.step) as after
    from loss_windows, top
),

climb as (
    -- The first after the best loss is the one that lost it.
    select min(step) as step, arg_min(peak, step) as peak
    from climbs, losses
    where begins and step >= best_step
)

select
    'learning_rate' as subject,
    climb.step,
    (select max(step) from learning_rates) as last_step,
    top.rate / peak as value,
    $beyond as threshold,
    format(
        'the learning rate climbs beyond its peak of {:.3g} at step {}, to {:.3g} in the end; the loss was {:.4g} before and {} from there on',
        peak,
        climb.step,
        top.rate,
        before,
        if(after is null, 'is not finite', format('is {:.4g} at best', after))
    ) as message
from climb, top, losses, learning
where
    before > 0
    and before <= $learned * first_loss
    and (after > $worse * before or (after is null and nonfinite_at_end))
order by climb.step
