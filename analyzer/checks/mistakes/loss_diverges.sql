/*
title: A training loss that rises instead of falling
cause: unknown
strength: symptom
severity: error
explains: []
reads:
  loss_windows: [median]
  learning: [noise]
params:
  lost: {default: 0.5, unit: share of the progress made, source: "runmedic divergence: half of the progress lost"}
  rise: {default: 0.2, unit: share of the first level, source: "a loss that never fell must end this far above its start"}
  certainty: {default: 6, unit: times the noise of a level, source: "six standard errors"}
  patience: {default: 3, unit: fiftieths of the run, source: "a spike that the run recovers from is shorter"}
finds: A loss whose last `patience` levels all lie above its best one by more than `lost` of the progress made, `rise` of the first level and `certainty` times the noise.
matters: What was learned is being unlearned; the last weights are worse than those of an earlier step.
do: Go back to a checkpoint from before the rise; look at learning rate, update ratio and gradient norm where it begins.
ignore: A loss that changes its meaning on purpose (a curriculum, a new term); reinforcement learning, where the data change with the policy.
*/
with levels as (
    select
        loss_windows.position,
        loss_windows.step,
        loss_windows.last_step,
        loss_windows.median,
        first_loss,
        best_loss,
        best_step,
        best_loss + greatest($lost * (first_loss - best_loss), $rise * abs(first_loss), $certainty * noise) as ceiling
    from loss_windows, learning
    where loss_windows.losses > 0 and learning.losses >= 20
),

tail as (
    select *
    from levels
    where position > (select max(position) from levels) - $patience
),

verdict as (
    select
        min(median) as lowest,
        arg_max(median, position) as last_median,
        max(last_step) as last_step,
        any_value(best_loss) as best_loss,
        any_value(best_step) as best_step,
        any_value(ceiling) as ceiling,
        count(*) as tail_levels
    from tail
),

calm as (
    -- The noise of the whole run holds that of the rise itself; where the rise begins is told by the noise up to the best level.
    select least(median(loss_windows.scatter / sqrt(loss_windows.losses)), any_value(learning.noise)) as noise
    from loss_windows, verdict, learning
    where loss_windows.losses > 0 and loss_windows.last_step <= verdict.best_step
),

risen as (
    select
        levels.step,
        levels.median > levels.best_loss + greatest($lost * (first_loss - levels.best_loss), $rise * abs(first_loss), $certainty * calm.noise) as above
    from levels, verdict, calm
    where levels.step > verdict.best_step
),

onset as (
    select min(step) as step
    from risen
    where above and step > coalesce((select max(step) from risen where not above), -1)
)

select
    'loss' as subject,
    onset.step,
    verdict.last_step,
    last_median as value,
    ceiling as threshold,
    format('the training loss rises from {:.4g} at step {} to {:.4g} at the end', best_loss, best_step, last_median) as message
from verdict, onset
where lowest > ceiling and best_loss >= 0 and tail_levels = $patience and onset.step is not null
order by step
