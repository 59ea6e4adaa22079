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
finds: A training loss whose slope over the last third of the run is certain, takes it to the lowest level of the run, and brings in a tenth of the run `progress` of the loss, or `pace` of what a tenth of the run brought on average.
matters: A longer run would be better; what looks like a limit of the model is the end of the schedule.
do: Train longer, or raise the learning rate if every curve is slow from the start.
ignore: A run stopped on purpose (a smoke test, a budget).
*/
with ordered as (
    select step, loss, row_number() over (order by step) - 1 as place, count(*) over () as total
    from training_losses
    where isfinite(loss)
),

tail as (
    select
        any_value(total) as total,
        max(step) as last_step,
        min(step) filter (10 * place >= 9 * total) as step,
        regr_slope(loss, place) as slope,
        -- The fitted line at the end of the run and a tenth before.
        regr_intercept(loss, place) + slope * (any_value(total) - 1) as last_loss,
        last_loss - slope * any_value(total) / 10 as before,
        sqrt(greatest(regr_syy(loss, place) - slope * regr_sxy(loss, place), 0) / (count(*) - 2) / regr_sxx(loss, place)) as slope_error
    from ordered
    where 3 * place >= 2 * total
    having count(*) >= 15
),

earlier as (
    select min(loss) as lowest
    from (select avg(loss) as loss from ordered where 10 * place < 9 * total group by 10 * place // total)
)

select
    'loss' as subject,
    tail.step,
    tail.last_step,
    1 - tail.last_loss / before as value,
    $progress as threshold,
    format(
        'over the last tenth of the run the training loss still falls by {:.0f} %, from {:.4g} to {:.4g}, and over all of it from {:.4g}',
        100 * (1 - tail.last_loss / before), before, tail.last_loss, first_loss
    ) as message
from tail, learning, earlier
where
    total >= 50
    and tail.last_loss > 0
    and slope < -$certainty * slope_error
    and tail.last_loss < lowest
    and (before - tail.last_loss >= $progress * before or (before - tail.last_loss >= $pace * (first_loss - tail.last_loss) / 10 and first_loss - tail.last_loss > $progress * first_loss))
order by tail.step
