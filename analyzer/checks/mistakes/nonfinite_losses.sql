/*
title: A loss that is NaN or infinite while everything around it stays finite
cause: nonfinite_forward
strength: strong
severity: error
explains: [unknown, nonfinite_backward, exploding_gradient]
reads:
  training_losses: [step, loss]
params:
  scalars: {default: 2, unit: training losses, source: "without gradient norms a single one may be a step that a loss scaler skipped"}
  size: {default: 1.0e+15, unit: loss, source: "an infinity that comes after such losses is a run that diverged"}
finds: Training losses that are NaN or infinite at steps whose gradient is finite (without gradient norms, `scalars` of them), or an evaluation whose recorded samples have such a loss while no training loss is; no loss had grown beyond `size` before.
matters: The NaN comes up behind the model, in the loss itself. Its gradient is finite, so that the run goes on with steps that follow from nothing, and every mean that takes in such a loss is lost.
do: Look in the loss for log, sqrt or a power of a number that can be zero or below, a division, or an average over no element; keep the argument positive (softplus, clamp, a small epsilon).
ignore: Batches without a single valid target, if their loss is thrown away on purpose; better not logged at all.
*/
with training as (
    select
        training_losses.step,
        loss,
        norm,
        not isfinite(loss)
            and coalesce(isfinite(norm), not exists (from gradient_norms))
            and coalesce(max(abs(loss)) filter (isfinite(loss)) over (order by step rows between unbounded preceding and 1 preceding) < $size, true) as bad
    from training_losses
    left join gradient_norms using (step)
),

in_training as (
    select
        'loss' as subject,
        min(step) filter (bad) as step,
        max(step) filter (bad) as last_step,
        count(*) filter (bad) as value,
        if(count(norm) filter (bad) > 0, 1, $scalars) as threshold,
        format(
            'the training loss is {} at step {}{} ({} such steps of {})',
            if(isnan(arg_min(loss, step) filter (bad)), 'NaN', 'infinite'),
            min(step) filter (bad),
            if(count(norm) filter (bad) > 0, ' though the gradient is finite', ''),
            count(*) filter (bad),
            count(*)
        ) as message
    from training
),

in_evaluation as (
    select
        split as subject,
        min(step) as step,
        max(step) as last_step,
        count(*) as value,
        1 as threshold,
        format('the {} loss is {} at step {} though all training losses are finite ({} such evaluations)', split, if(isnan(arg_min(loss, step)), 'NaN', 'infinite'), min(step), count(*)) as message
    from evaluations
    where samples > 0 and not isfinite(loss) and (select bool_and(isfinite(loss) and abs(loss) < $size) from training_losses)
    group by split
)

from in_training
where value >= threshold
union all
from in_evaluation
order by step, subject
