/*
title: A learning rate that comes down, climbs beyond its peak and loses what was learned
cause: learning_rate_schedule
strength: strong
severity: error
explains: [unknown, learning_rate_too_high, exploding_gradient, dead_units, saturated_activation, nonfinite_forward, nonfinite_backward, ignores_input, overfitting]
reads:
  learning_rates: [rate]
  training_losses: [loss]
  loss_windows: [median]
  learning: [first_loss]
params:
  dip: {default: 0.5, unit: share of the peak before, source: "a rate that came down to half of its peak has begun to end"}
  beyond: {default: 1.2, unit: times the peak before, source: "cycles come back to their peak, or to less of it; ripples exceed it by a few percent"}
  window: {default: 10, unit: steps, source: "losses compared before and after"}
  worse: {default: 1.5, unit: times the loss before, source: "well beyond the bump that a restart makes"}
  learned: {default: 0.7, unit: share of the first loss, source: "there must be something to lose; a warm-up that fails has not learned yet"}
finds: A rate that had come down to `dip` of its peak, then climbs to more than `beyond` times that peak, and a loss that had fallen to `learned` of its first level and is, from the top of that climb on, never again below `worse` times what it was before.
matters: The first peak was a rate that the run took well; a later and higher one throws away what was learned, and no low phase after it brings it back.
do: Look at how the schedule scales its cycles (a factor above 1, an exponent without its sign, a warm-up that starts again from the wrong rate); let peaks stay or fall.
ignore: Searches for the largest rate, which climb until the loss is lost on purpose.
*/
with past as (
    select
        step,
        rate,
        max(rate) over (order by step rows between unbounded preceding and 1 preceding) as peak_before
    from learning_rates
),

left_peaks as (
    select
        step,
        rate,
        last_value(case when rate <= $dip * peak_before then peak_before end ignore nulls) over (
            order by step rows between unbounded preceding and current row
        ) as peak
    from past
),

climbs as (
    select
        step,
        rate,
        peak,
        rate > $beyond * peak and lag(rate) over (order by step) <= $beyond * peak as beyond
    from left_peaks
),

before as (
    select
        climbs.step,
        any_value(peak) as peak,
        median(loss) as loss
    from climbs
    join training_losses on training_losses.step between climbs.step - $window and climbs.step - 1
    where beyond
    group by climbs.step
    order by climbs.step
    limit 200
),

returns as (
    select before.step, min(learning_rates.step) as step_back
    from before
    join learning_rates on learning_rates.step > before.step and learning_rates.rate <= before.peak
    group by before.step
),

tops as (
    -- The loss may hold out for a while on the way up.
    select before.step, arg_max(learning_rates.step, learning_rates.rate) as top_step
    from before
    left join returns using (step)
    join learning_rates on learning_rates.step between before.step and coalesce(step_back, learning_rates.step)
    group by before.step
),

judged as (
    select
        before.step,
        any_value(peak) as peak,
        any_value(loss) as loss,
        min(median) as best_after
    from before
    join tops using (step)
    left join loss_windows on loss_windows.last_step >= top_step
    group by before.step
)

select
    'learning_rate' as subject,
    step,
    (select max(step) from learning_rates) as last_step,
    (select max(rate) from learning_rates) / peak as value,
    $beyond as threshold,
    format(
        'the learning rate climbs beyond its peak of {:.3g} at step {}, to {:.3g} in the end; the loss was {:.4g} before and {} from there on',
        peak,
        step,
        (select max(rate) from learning_rates),
        loss,
        if(best_after is null, 'is not finite', format('is {:.4g} at best', best_after))
    ) as message
from judged, learning
where
    loss > 0
    and loss <= $learned * first_loss
    and (best_after > $worse * loss or (best_after is null and nonfinite_at_end))
order by step
limit 1
