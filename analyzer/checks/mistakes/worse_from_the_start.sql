/*
title: An evaluation that was bad from the start
cause: split_mismatch
strength: strong
severity: error
explains: [unknown, overfitting]
reads:
  first_visits: [loss]
  evaluations: [loss]
  tensors: [kind]
params:
  gap: {default: 0.12, unit: share predicted right, source: "training samples at first sight and evaluation samples are new alike, and the model goes on learning"}
  factor: {default: 3, unit: times the loss at first sight, source: "the same where nothing is counted as right; what an epoch teaches, and a last batch of hard samples, is less"}
  errors: {default: 6, unit: standard errors, source: "beyond the chance of small splits"}
  patience: {default: 3, unit: evaluations, source: "one or two evaluations may come too early"}
finds: An accuracy that stays below that of the training samples at first sight, in the second half of the first epoch, by `gap`, in every evaluation, `patience` at least, of a model without running statistics; or, where samples are not right or wrong, a loss that stays above `factor` times theirs.
matters: Both kinds of samples were new to the model. What makes the difference is how they are prepared, not overfitting.
do: Evaluate on training samples with the code of the evaluation; if that is bad too, look at model.eval(), at the preparation of the inputs and at the order of the targets.
ignore: A split from another domain, chosen to be different.
*/
with at_first_sight as (
    select accuracy, loss, samples
    from first_visits
    where half = 1 and samples >= 50
),

judged as (
    select
        split,
        evaluation,
        evaluations.step,
        evaluations.accuracy,
        evaluations.loss,
        at_first_sight.accuracy as at_first_sight,
        at_first_sight.loss as loss_at_first_sight,
        coalesce(evaluations.accuracy < at_first_sight.accuracy - greatest(
            $gap, $errors * sqrt(at_first_sight.accuracy * (1 - at_first_sight.accuracy) * (1 / at_first_sight.samples + 1 / evaluations.samples))
        ), evaluations.loss > $factor * at_first_sight.loss) as bad,
        row_number() over (partition by split order by evaluation desc) as from_the_end
    from evaluations, at_first_sight
    where evaluations.step >= 0 and evaluations.samples >= 50
        and if(at_first_sight.accuracy is null, at_first_sight.loss > 0 and evaluations.loss is not null, evaluations.accuracy is not null)
        -- Running statistics that do not fit look the same, and have checks of their own.
        and not exists (select 1 from tensors where kind = 'buffer' and name like '%running_%')
)

select
    split as subject,
    min(step) as step,
    max(step) as last_step,
    coalesce(max(accuracy) filter (at_first_sight is not null), min(loss)) as value,
    coalesce(any_value(at_first_sight) - $gap, $factor * any_value(loss_at_first_sight)) as threshold,
    coalesce(format('{} is predicted right in {:.0f} % at best, training samples at first sight in {:.0f} %', split, 100 * max(accuracy), 100 * any_value(at_first_sight)),
        format('{} has a loss of {:.4g} at best, training samples at first sight one of {:.4g}', split, min(loss), any_value(loss_at_first_sight))) as message
from judged
group by split
having bool_and(bad) and count(*) >= $patience
order by subject
