-- One row per training sample: its prediction when it was first seen, before a step was taken on it.
-- Record: set rec.epoch, and rec.samples(ids, loss=losses, prediction=outputs, target=targets) at every training step and evaluation
-- Column step: training step, -1 before the first (steps)
-- Column new_pair: no earlier pass held a sample of the same input and target
with hashes as (
    select sample_id, arg_min(hash, step) as hash
    from inputs
    where split = 'train'
    group by sample_id
)

select
    sample_id,
    pass,
    coalesce(step, -1) as step,
    batch,
    position,
    target,
    prediction,
    correct,
    p_max,
    min(pass) over (partition by coalesce(hash, sample_id), target) = pass as new_pair
from samples
left join hashes using (sample_id)
where split = 'train' and target is not null and prediction is not null and epoch is not null
qualify row_number() over (partition by sample_id order by coalesce(step, -1), batch, position) = 1
