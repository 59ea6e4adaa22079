-- One row per sample and split: its history over the whole run.
-- Record: rec.samples(ids, loss=losses, prediction=outputs, target=targets) at every training step and evaluation
-- Materialize
-- Column visits: forward passes in which the sample took part
-- Column first_step: of its first visit; -1 before the first training step (steps)
-- Column last_step: of its last visit (steps)
-- Column first_loss: at its first visit
-- Column last_loss: at its last visit
-- Column mean_loss: over all visits
-- Column times_correct: visits at which it was predicted right; null where the task has no single class
-- Column times_forgotten: visits at which it was predicted wrong after it had once been right
-- Column usual_wrong: class that it was most often mistaken for
-- Column times_usual_wrong: visits at which it was mistaken for that class
-- Column target: class of the target at the first visit
-- Column target_value: first output of the target at the first visit (regression)
-- Column targets: 2 where the target changed between visits, else 1
-- Column p_target: mean probability of the target over all visits
-- Column p_other: mean probability of the best other class over all visits
-- Column margin: mean of p_target minus p_other over all visits
with visited as (
    select
        split,
        sample_id,
        coalesce(step, -1) as step,
        pass * (1::bigint << 40) + coalesce(step, -1) as moment,
        loss_sum::double / nullif(elements, 0) as loss,
        target,
        target_value::double as target_value,
        prediction,
        correct,
        p_target,
        p_other
    from samples
    where sample_id is not null and split is not null
),

histories as (
    select
        split,
        sample_id,
        count(*) as visits,
        min(step) as first_step,
        max(step) as last_step,
        arg_min(loss, moment) as first_loss,
        arg_max(loss, moment) as last_loss,
        avg(loss) filter (isfinite(loss)) as mean_loss,
        case when count(correct) > 0 then count(*) filter (correct) end as times_correct,
        min(moment) filter (correct) as first_correct,
        mode(prediction) filter (not correct) as usual_wrong,
        arg_min(target, moment) as target,
        arg_min(target_value, moment) as target_value,
        case when min(target) < max(target) or min(target_value) < max(target_value) then 2 else 1 end as targets,
        avg(p_target::double) as p_target,
        avg(p_other::double) as p_other
    from visited
    group by split, sample_id
),

mistakes as (
    select
        visited.split,
        visited.sample_id,
        count(*) filter (visited.moment > histories.first_correct) as times_forgotten,
        count(*) filter (visited.prediction = histories.usual_wrong) as times_usual_wrong
    from visited
    join histories using (split, sample_id)
    where not visited.correct
    group by visited.split, visited.sample_id
)

select
    histories.* exclude (first_correct),
    case when times_correct is not null then coalesce(times_forgotten, 0) end as times_forgotten,
    case when times_correct is not null then coalesce(times_usual_wrong, 0) end as times_usual_wrong,
    p_target - p_other as margin
from histories
left join mistakes using (split, sample_id)
