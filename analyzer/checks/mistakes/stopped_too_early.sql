/*
title: A run that ended while it still improved
cause: stopped_too_early
strength: strong
severity: info
explains: []
reads:
  loss_windows: [median]
  learning: [noise]
params:
  progress: {default: 0.1, unit: share of the loss, source: "the loss must still fall by this much over the last tenth of the run"}
  certainty: {default: 4, unit: times the noise of a level, source: "four standard errors"}
finds: A training loss whose last tenth still falls by `progress`, to the lowest level of the run.
matters: A longer run would be better; what looks like a limit of the model is the end of the schedule.
do: Train longer, or raise the learning rate if every curve is slow from the start.
ignore: A run stopped on purpose (a smoke test, a budget).
*/
with ends as (
    select
        max(last_step) as last_step,
        arg_max(step, position) filter (position < 0.9 * (select max(position) from loss_windows)) as step,
        arg_max(median, position) as last_loss,
        arg_max(median, position) filter (position < 0.9 * (select max(position) from loss_windows)) as before
    from loss_windows
    where losses > 0
)

select
    'loss' as subject,
    ends.step,
    ends.last_step,
    1 - ends.last_loss / ends.before as value,
    $progress as threshold,
    format('the training loss still falls by {:.0f} % over the last tenth of the run, from {:.4g} to {:.4g}', 100 * (1 - ends.last_loss / before), before, ends.last_loss) as message
from ends, learning
where learning.losses >= 50 and ends.last_loss > 0 and before - ends.last_loss > greatest($progress * before, $certainty * noise) and ends.last_loss < best_loss + $certainty * noise
order by ends.step
