/*
title: A run that ended while it still improved
cause: stopped_too_early
strength: strong
severity: info
explains: []
reads:
  training_losses: [loss]
  learning: [first_loss]
params:
  progress: {default: 0.1, unit: share of the loss, source: "the loss must still fall by this much over the last tenth of the run"}
  pace: {default: 0.75, unit: times the average pace of the run, source: "a loss that levels off exponentially and still falls at three quarters of its average pace has more than half of its way to go"}
  certainty: {default: 3, unit: standard errors of the slope, source: "one run in a thousand by chance, in a finding of level info"}
finds: A training loss whose slope at the end of the run is certain, takes it to the lowest level of the run, and brings in a tenth of the run `progress` of the loss, or `pace` of what a tenth of the run brought on average.
matters: A longer run would be better; what looks like a limit of the model is the end of the schedule.
do: Train longer, or raise the learning rate if every curve is slow from the start.
ignore: A run stopped on purpose (a smoke test, a budget).
*/
with ordered as (
    select step, loss, row_number() over (order by step) - 1 as place, count(*) over () as total
    from training_losses
    where isfinite(loss)
),

stretches as (
    select *, unnest([3, 5]) as part
    from ordered
),

ends as (
    -- The line through the last third, which is more certain, and through the last fifth, which is nearer to the end: a loss that levels off bends between.
    select
        part,
        any_value(total) as total,
        max(step) as last_step,
        min(step) filter (10 * place >= 9 * total) as step,
        regr_slope(loss, place) as slope,
        regr_intercept(loss, place) + slope * (any_value(total) - 1) as last_loss,
        -slope * any_value(total) / 10 as fall,
        slope < -$certainty * sqrt(greatest(regr_syy(loss, place) - slope * regr_sxy(loss, place), 0) / (count(*) - 2) / regr_sxx(loss, place)) as certain
    from stretches
    where part * place >= (part - 1) * total
    group by part
    having count(*) >= 10
),

earlier as (
    select min(loss) as lowest
    from (select avg(loss) as loss from ordered where 10 * place < 9 * total group by 10 * place // total)
)

select
    'loss' as subject,
    ends.step,
    ends.last_step,
    fall / (ends.last_loss + fall) as value,
    $progress as threshold,
    format(
        'over the last tenth of the run the training loss still falls by {:.0f} %, from {:.4g} to {:.4g}, and over all of it from {:.4g}',
        100 * fall / (ends.last_loss + fall), ends.last_loss + fall, ends.last_loss, first_loss
    ) as message
from ends, learning, earlier
where
    total >= 50
    and ends.last_loss > 0
    and certain
    and ends.last_loss < lowest
    and (
        (part = 5 and fall >= $progress * (ends.last_loss + fall))
        or (part = 3 and fall >= $pace * (first_loss - ends.last_loss) / 10 and first_loss - ends.last_loss > $progress * first_loss)
    )
order by part desc
limit 1
