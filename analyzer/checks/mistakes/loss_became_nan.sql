/*
title: A training loss that became NaN or infinite
cause: unknown
strength: symptom
severity: error
explains: []
reads:
  training_losses: [step, loss]
params:
  share: {default: 0.5, unit: share of the losses from the first bad one on, source: "a single NaN that the run recovers from is a skipped step, not a failure"}
finds: A training loss that is NaN or infinite at a step, and in at least `share` of the steps from there to the end.
matters: Every weight that took part in such a step is NaN from then on; the run is lost from here.
do: Look at the first tensor that was not finite, and at the loss and the gradient norm in the steps before; go back to a checkpoint from before this step.
ignore: Nothing; a loss that is NaN on purpose should not be logged as the loss.
*/
with bad as (
    select min(step) as step
    from training_losses
    where not isfinite(loss)
),

since as (
    select
        bad.step,
        max(training_losses.step) filter (not isfinite(loss)) as last_step,
        avg((not isfinite(loss))::int) as share,
        arg_min(loss, training_losses.step) as loss
    from training_losses, bad
    where training_losses.step >= bad.step
    group by bad.step
)

select
    'loss' as subject,
    step,
    last_step,
    share as value,
    $share as threshold,
    format('the training loss is {} at step {} and in {:.0f} % of the steps from there on', if(isnan(loss), 'NaN', 'infinite'), step, 100 * share) as message
from since
where share >= $share
order by step
