-- One row per split other than train: how many of its samples the training data hold too, by content of the input and by id.
-- Record: rec.samples(ids, ...) in training and evaluation; pass inputs=x where the model's first argument is not the input
-- Materialize
-- Column samples: samples of the split (samples)
-- Column same_input: samples whose input has the same hash as that of a training sample (samples)
-- Column same_target: of these, the ones whose training twins all have the same target (samples)
-- Column example: id of one of them
-- Column example_in_training: id of its twin
-- Column same_id: samples whose id is that of a training sample (samples)
-- Column same_id_target: of these, the ones whose target is equal too (samples)
-- Column own_twins: share of the training samples whose input has the same hash as that of another training sample
-- Column targets_alike: probability that two samples of the split have the same target
-- Column step: last training step before the first evaluation; -1 before the first (steps)
with contents as (
    select distinct inputs.split, inputs.sample_id, inputs.hash, coalesce(sample_histories.target::double, sample_histories.target_value) as target
    from inputs
    left join sample_histories using (split, sample_id)
    where inputs.hash is not null and inputs.sample_id is not null and coalesce(inputs.std, 1) > 0
),

training as (
    select hash, min(sample_id) as sample_id, count(distinct sample_id) as n, min(target) as lowest_target, max(target) as highest_target
    from contents
    where split = 'train'
    group by hash
),

variety as (
    -- Probability that two samples have the same target; values that are hardly ever equal count as none.
    select split, sum(n * n) / (sum(n) * sum(n)) as alike
    from (
        select split, coalesce(target::double, target_value) as target, count(*) as n
        from sample_histories
        group by split, coalesce(target::double, target_value)
    )
    where target is not null
    group by split
),

own as (
    select sum(n) filter (n > 1) / sum(n) as own_twins
    from training
),

by_input as (
    select
        contents.split,
        count(distinct contents.sample_id) as same_input,
        count(distinct contents.sample_id) filter (contents.target = training.lowest_target and contents.target = training.highest_target) as same_target,
        min(contents.sample_id) as example,
        arg_min(training.sample_id, contents.sample_id) as example_in_training
    from contents
    join training using (hash)
    where contents.split <> 'train'
    group by contents.split
),

by_id as (
    select
        here.split,
        count(*) as same_id,
        count(*) filter (coalesce(here.target::double, here.target_value) = coalesce(there.target::double, there.target_value)) as same_id_target
    from sample_histories as here
    join sample_histories as there on there.sample_id = here.sample_id and there.split = 'train'
    where here.split <> 'train'
    group by here.split
),

sizes as (
    select split, count(*) as samples, min(first_step) as step
    from sample_histories
    where split <> 'train'
    group by split
)

select
    sizes.split,
    sizes.step,
    sizes.samples,
    coalesce(same_input, 0) as same_input,
    coalesce(same_target, 0) as same_target,
    example,
    example_in_training,
    coalesce(same_id, 0) as same_id,
    coalesce(same_id_target, 0) as same_id_target,
    coalesce(own_twins, 0) as own_twins,
    variety.alike as targets_alike
from sizes
left join by_input using (split)
left join by_id using (split)
left join variety using (split)
cross join own
where exists (from sample_histories where split = 'train')
