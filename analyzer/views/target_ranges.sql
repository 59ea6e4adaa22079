-- One row per split: the class numbers of its targets against the number of outputs.
-- Record: rec.samples(ids, loss=losses, prediction=outputs, target=targets) at every training step and evaluation
-- Materialize
-- Column bad: samples with a class that no output stands for (samples)
-- Column step: first step at which there is one (steps)
-- Column last_step: last step at which there is one (steps)
-- Column worst: largest such class, else the smallest
-- Column worst_low: smallest such class
with targets_seen as (
    select split, step, outputs, elements, target as lowest, target as highest
    from samples
    where target is not null
    union all
    select split, step, outputs, elements, list_min(map_keys(target_pixels)), list_max(map_keys(target_pixels))
    from samples
    where target_pixels is not null
    union all
    select split, step, outputs, elements, list_min(targets), list_max(targets)
    from samples
    where len(targets) > 0
),

judged as (
    select
        targets_seen.*,
        (lowest < 0 and lowest is distinct from run_facts.ignore_index) or (highest >= greatest(outputs, 2) and highest is distinct from run_facts.ignore_index) as bad
    from targets_seen, run_facts
    where elements > 0
)

select
    split,
    max(outputs) as outputs,
    min(lowest) as lowest,
    max(highest) as highest,
    count(*) filter (bad) as bad,
    min(coalesce(step, 0)) filter (bad) as step,
    max(coalesce(step, 0)) filter (bad) as last_step,
    coalesce(max(highest) filter (bad and highest >= greatest(outputs, 2)), min(lowest) filter (bad)) as worst,
    min(lowest) filter (bad) as worst_low
from judged
where split is not null
group by split
