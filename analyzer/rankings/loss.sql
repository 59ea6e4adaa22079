-- One row per sample: its largest loss in the whole history.
-- Title: Largest loss
-- Score: largest loss at any visit
-- Reads: samples.loss_sum
with visited as (
    select
        split,
        sample_id,
        step,
        loss_sum::double / nullif(elements, 0) as loss,
        target,
        prediction,
        p_max
    from samples
    where sample_id is not null and split is not null
)

select
    sample_id,
    split,
    max(loss) as score,
    arg_max(step, loss) as step,
    count(*) as visits,
    arg_max(target, loss) as target,
    arg_max(prediction, loss) as prediction,
    arg_max(p_max, loss) as confidence
from visited
where loss is not null
group by sample_id, split
