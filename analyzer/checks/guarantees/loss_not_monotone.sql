/*
title: A loss that rises although monotone decrease was declared
cause: guarantee_broken
strength: direct
severity: error
explains: []
reads:
  training_losses: [step, loss]
params:
  rounding: {default: 1e-6, unit: share of the loss, source: "float32 rounding of a mean over many terms: about ten times 2^-23"}
finds: Steps at which the training loss is above that of the step before, although the run declares guarantees=("monotone_decrease",).
matters: Gradient descent on the whole training set with a small enough step must decrease the loss at every step; where it does not, the gradient, the step or the loss is wrong.
do: Check the gradient numerically (recorder.probes.gradient_check); halve the learning rate; make sure that every step sees the same data and no dropout.
ignore: Nothing; do not declare the guarantee where batches or noise change from step to step.
*/
with steps as (
    select
        step,
        loss,
        lag(loss) over (order by step) as before
    from training_losses
    where exists (from run_facts where list_contains(guarantees, 'monotone_decrease'))
),

rises as (
    select step, loss, before, loss - before as rise
    from steps
    where before is not null and not (loss <= before + $rounding * abs(before))
)

select
    'loss' as subject,
    min(step) as step,
    max(step) as last_step,
    max(rise) as value,
    $rounding * arg_max(abs(before), rise) as threshold,
    format('the loss rises at {} steps, first at step {} from {:.7g} to {:.7g}', count(*), min(step), arg_min(before, step), arg_min(loss, step)) as message
from rises
having count(*) > 0
order by step
