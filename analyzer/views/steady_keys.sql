-- One row per run with training samples: whether the ids name samples, or are used for one sample after another.
-- Record: rec.samples(ids, ...) with a key for each sample, as with_ids(dataset) gives it
-- Column steady: the ids name samples: most keep their target, or their input where they have no target
with by_target as (
    select avg((targets > 1)::int) as changing
    from sample_histories
    where split = 'train' and visits > 1 and coalesce(target::double, target_value) is not null
),

by_input as (
    select avg((hashes > 1)::int) as changing
    from (select sample_id, count(distinct hash) as hashes from inputs where split = 'train' and hash is not null group by sample_id)
)

select coalesce(by_target.changing, by_input.changing, 0) < 0.5 as steady
from by_target, by_input
