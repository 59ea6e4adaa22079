-- One row per split: how many samples have another class at another visit, of those that were visited more than once with one input.
-- Record: rec.samples(ids, ...) in training and evaluation; pass inputs=x where the model's first argument is not the input
-- Column samples: samples of one input and several visits (samples)
-- Column changed: of these, the ones whose target changed (samples)
-- Column step: first step of a visit of such a sample (steps)
-- Column last_step: last step of a visit of such a sample (steps)
with steady as (
    select split, sample_id
    from inputs
    where hash is not null
    group by split, sample_id
    having count(distinct hash) = 1
)

select
    split,
    count(*) as samples,
    count(*) filter (targets > 1) as changed,
    min(greatest(first_step, 0)) filter (targets > 1) as step,
    max(last_step) filter (targets > 1) as last_step
from sample_histories
join steady using (split, sample_id)
where target is not null and visits > 1
group by split
