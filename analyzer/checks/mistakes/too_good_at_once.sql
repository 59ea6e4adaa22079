/*
title: Nothing left to learn, on evaluation too
cause: targets_leak
strength: strong
severity: warning
explains: []
reads:
  evaluations: [loss]
params:
  accuracy: {default: 0.9995, unit: share predicted right, source: "real data sets hold label errors of about 1 % and more (Northcutt 2021)"}
  loss: {default: 0.02, unit: share of the loss of a guess, source: "the same"}
  variance: {default: 0.0005, unit: share of the variance of the targets, source: "measurements are not that exact"}
  early: {default: 0.5, unit: share of the run, source: "what is hard takes most of the run"}
  first_loss: {default: 0.05, unit: share of the loss of a guess, source: "measured on tables and images of some hundred samples, whose first epoch leaves a fifth and more"}
  few: {default: 2000, unit: training samples seen, source: "so few teach a hard task nothing"}
  samples: {default: 100, unit: samples, source: "fewer may be all right by chance"}
finds: An evaluation of at least `samples` samples that is right in all cases with hardly any loss left, within the first `early` of the run and to the end; or whose first evaluation, after at most `few` training samples, leaves less than `first_loss` and later ones `loss` of the loss of a guess; or a regression of one output that leaves less than `variance` of the variance.
matters: Real data are not that clean. A column, a file name, an order or the future often gives the answer away.
do: Train on one input column at a time, or look at the weights of the first layer; see whether the answer is computed from something that is in the input.
ignore: Data made by a formula; tasks that are solved exactly.
*/
with guess as (
    select split, guess_loss, kinds from class_levels
),

spread as (
    select split, arg_max(target_spread, pass) ** 2 as variance
    from output_spreads
    group by split
),

quick as (
    select evaluations.split
    from evaluations
    join guess using (split)
    where
        evaluations.accuracy >= 0.98
        and evaluations.loss <= if(evaluation = 0, $first_loss, $loss) * guess_loss
        and (
            evaluation = (select max(last.evaluation) from evaluations as last where last.split = evaluations.split)
            or (evaluation = 0 and (select sum(n) from batches where batches.split = 'train' and batches.step <= evaluations.step) between 1 and $few)
        )
    group by evaluations.split
    having count(*) >= 2
),

single as (
    select bool_and(target_values is null) as single from samples where target_value is not null
),

judged as (
    select
        evaluations.split,
        evaluations.step,
        evaluations.samples,
        evaluations.accuracy,
        evaluations.loss,
        case
            when guess.split is not null then evaluations.loss <= if(quick.split is null, $loss, $first_loss) * guess_loss and evaluations.accuracy >= if(quick.split is null, $accuracy, 0.98)
            when run_facts.task = 'regression' and single.single and run_facts.loss = 'mse_loss' then evaluations.loss <= $variance * variance
        end as perfect,
        max(evaluations.step) over (partition by evaluations.split) as last_step
    from evaluations
    cross join run_facts
    cross join single
    left join guess using (split)
    left join spread using (split)
    left join quick using (split)
    where evaluations.samples >= $samples
),

since as (
    select split, last_step, coalesce(max(step) filter (not perfect), -2) as last_imperfect, count(*) as evaluations
    from judged
    where perfect is not null
    group by split, last_step
)

select
    judged.split as subject,
    min(greatest(judged.step, 0)) as step,
    any_value(judged.last_step) as last_step,
    max(judged.loss) as value,
    null::double as threshold,
    format('{} has a loss of {:.3g} from step {} on{}', judged.split, max(judged.loss), min(judged.step),
        if(min(accuracy) is null, '', format(', with {:.2f} % right', 100 * min(accuracy)))) as message
from judged
join since using (split)
where judged.step > since.last_imperfect and evaluations >= 3
group by judged.split
having min(judged.step) <= $early * any_value(judged.last_step)
order by subject
