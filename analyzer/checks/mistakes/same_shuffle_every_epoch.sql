/*
title: The same shuffle in every epoch
cause: not_shuffled
strength: strong
severity: warning
explains: []
reads:
  batch_makeup: [same_place]
  steady_keys: [steady]
  samples: [position]
params:
  share: {default: 0.99, unit: share of the samples, source: "a shuffled epoch keeps about one sample in place"}
  batches: {default: 4, unit: batches an epoch, source: "with a batch or two the order hardly matters"}
  patience: {default: 2, unit: epochs that repeat the one before, source: "a restart may repeat an epoch once"}
  samples: {default: 50, unit: samples, source: "of fewer the share that ascends is uncertain by more than 0.04"}
  dense: {default: 5, unit: numbers a sample, source: "indices into a data set of which at least a fifth is used; keys such as the numbers of files lie farther apart and say nothing of an order"}
  from_half: {default: 0.1, unit: share of the neighbours, source: "in a random order the next index is the larger one in half of the cases, give or take 0.04 from 50 samples on; an order that means something goes up or down in runs"}
finds: Epochs that repeat the order of the one before, where the samples' keys are indices of a data set and come in random order, so that they were shuffled, but once.
matters: A shuffle that does not change is hardly ever meant. The same samples always share a batch and the last ones always have the last word.
do: Call sampler.set_epoch(epoch) in each epoch; make the random generator once and not anew in each epoch; pass shuffle=True to the DataLoader of a random split.
ignore: An order that means something although the indices do not show it, such as by time or by difficulty; runs that must repeat each other exactly.
*/
with repeated as (
    select
        min(greatest(first_step, 0)) filter (same_place >= $share) as step,
        max(step) as last_step,
        min(pass) filter (same_place >= $share) as pass,
        count(*) filter (same_place >= $share) as epochs,
        count(same_place) as compared
    from batch_makeup, steady_keys
    where steady and batches >= $batches
    having epochs >= $patience and epochs >= 0.8 * compared
),

keys as (
    select rank, batch, position, regexp_extract(sample_id, '^(.*?)\d+$', 1) as name, try_cast(regexp_extract(sample_id, '(\d+)$', 1) as bigint) as number
    from samples
    semi join repeated using (pass)
    where split = 'train'
),

pairs as (
    select rank, name, number, lead(number) over (partition by rank order by batch, position) as next
    from keys
),

order_of_keys as (
    select
        count(*) as samples,
        count(number) = count(*) and count(distinct name) = 1 and max(number) - min(number) < $dense * count(distinct number) * count(distinct rank) as indices,
        count(*) filter (next > number) / count(next) as ascending
    from pairs
)

select
    'train' as subject,
    step,
    last_step,
    ascending as value,
    0.5 as threshold,
    format('{} of {} epochs repeat the order of the epoch before, and it is a random one: the next index is the larger one in {:.0f} % of the cases',
        epochs, compared, 100 * ascending) as message
from repeated, order_of_keys
where indices and samples >= $samples and abs(ascending - 0.5) <= $from_half
order by step
