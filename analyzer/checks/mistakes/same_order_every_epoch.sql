/*
title: The same order in every epoch
cause: not_shuffled
strength: direct
expected: true
severity: info
explains: []
reads:
  batch_makeup: [same_place]
  steady_keys: [steady]
params:
  share: {default: 0.99, unit: share of the samples, source: "a shuffled epoch keeps about one sample in place"}
  batches: {default: 4, unit: batches an epoch, source: "with a batch or two the order hardly matters"}
  patience: {default: 2, unit: epochs that repeat the one before, source: "a restart may repeat an epoch once"}
finds: Training samples that come in the same batch and position as in the epoch before, epoch after epoch.
matters: The same samples always share a batch and the last ones always have the last word; the gradient noise repeats itself. It costs little where the order is random.
do: Pass shuffle=True to the DataLoader; with several processes call sampler.set_epoch(epoch).
ignore: Data in time order, read in sequence on purpose; runs that must repeat each other exactly.
*/
select
    'train' as subject,
    min(greatest(first_step, 0)) filter (same_place >= $share) as step,
    max(step) as last_step,
    avg(same_place) as value,
    $share as threshold,
    format('{} of {} epochs repeat the order of the epoch before', count(*) filter (same_place >= $share), count(same_place)) as message
from batch_makeup, steady_keys
where steady and batches >= $batches
having count(*) filter (same_place >= $share) >= $patience and count(*) filter (same_place >= $share) >= 0.8 * count(same_place)
order by step
