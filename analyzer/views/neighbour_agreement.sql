-- One row per run through a split: how often predictions equal the target of the sample before or after their own.
-- Record: rec.samples(ids, loss=losses, prediction=outputs, target=targets) at every training step and evaluation
-- Materialize
-- Column step: last training step of the pass; -1 before the first (steps)
-- Column samples: samples that have a neighbour on both sides in their batch (samples)
-- Column own: share whose prediction equals their own target
-- Column before: share whose prediction equals the target of the sample before
-- Column after: share whose prediction equals the target of the sample after
with ordered as (
    select
        split,
        pass,
        coalesce(step, -1) as step,
        target,
        prediction,
        lag(target) over in_batch as target_before,
        lead(target) over in_batch as target_after
    from samples
    where target is not null and prediction is not null and split is not null and split <> 'train'
    window in_batch as (partition by rank, split, pass, batch order by position)
)

select
    split,
    pass,
    max(step) as step,
    count(*) as samples,
    avg((prediction = target)::int) as own,
    avg((prediction = target_before)::int) as before,
    avg((prediction = target_after)::int) as after
from ordered
where target_before is not null and target_after is not null
group by split, pass
