/*
title: Every sample several times in an epoch
cause: sampling_error
strength: strong
severity: warning
explains: [unknown, overfitting]
reads:
  visits_an_epoch: [visits]
  steady_keys: [steady]
params:
  share: {default: 0.9, unit: share of the samples, source: "drawing with replacement gives each number of visits to a part of the samples only"}
  patience: {default: 2, unit: epochs, source: "a single odd epoch is no finding; the only epoch counts"}
finds: Epochs in which at least `share` of the samples seen come the same number of times, twice or more.
matters: An epoch is not what it claims. Workers or processes that each go through all of the data do the same work several times, and learning rate and schedule fit another number of steps.
do: Give each worker its part (get_worker_info in an IterableDataset), each process its part (DistributedSampler); seed workers differently.
ignore: Repeated augmentation on purpose; keys that are used for one sample after another.
*/
with judged as (
    select pass, any_value(first_step) as first_step, any_value(step) as step, sum(samples) as samples, max(samples) / sum(samples) as share, arg_max(visits, samples) as visits
    from visits_an_epoch
    group by pass
)

select
    'train' as subject,
    min(greatest(first_step, 0)) as step,
    max(step) as last_step,
    max(visits) as value,
    1 as threshold,
    format('{:.0f} % of the samples come {} times in an epoch, in {} of {} epochs', 100 * min(share), max(visits), count(*), (select count(*) from judged)) as message
from judged, steady_keys
where steady and visits > 1 and share >= $share and samples >= 10
having count(*) >= least($patience, (select count(*) from judged)) and count(*) >= 0.5 * (select count(*) from judged)
order by step
