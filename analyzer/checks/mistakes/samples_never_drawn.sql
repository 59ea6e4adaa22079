/*
title: Samples of the training set that never come
cause: sampling_error
strength: strong
severity: warning
explains: [unknown, overfitting, not_shuffled, class_imbalance]
reads:
  events: [kind]
  sample_histories: [visits]
params:
  missing: {default: 0.05, unit: share of the data set, source: "more than drop_last leaves out of a set of twenty batches"}
  unexplained: {default: 2, unit: times what chance leaves out, source: "Chao 1984: of samples drawn at random, as many are still to come as the square of those that came once over twice those that came twice"}
  errors: {default: 3, unit: standard errors of that number, source: "one of a thousand runs by chance"}
  recorded: {default: 0.9, unit: share of the steps, source: "samples that came at steps without rec.samples leave no trace"}
  epochs: {default: 2, unit: epochs, source: "in the first the rest may still be to come"}
finds: A training set of which more than `missing` never came in `epochs` complete epochs or more, `unexplained` times as many and `errors` more than drawing at random leaves out.
matters: What was not drawn was not learned; the run was trained on a smaller set than it claims.
do: Count the ids that the loader yields in an epoch; look at samplers that are seeded anew in each epoch, at workers that start with the same seed, at index lists with repetitions, at a loop that ends before the loader does.
ignore: A part of the data set that this run leaves out on purpose, by a sampler instead of a Subset.
*/
with data_set as (
    select max((details ->> 'samples')::bigint) as samples
    from events
    where kind = 'data_set' and details ->> 'split' = 'train'
),

seen as (
    select
        count(*) as samples,
        count(*) filter (visits = 1) as once,
        once * (once - 1) / 2 / (count(*) filter (visits = 2) + 1) as to_come,
        avg(visits) as visits,
        min(first_step) as step,
        max(last_step) as last_step
    from sample_histories
    where split = 'train'
),

steps as (
    select count(distinct step) as recorded, count(distinct rank) as ranks
    from samples
    where split = 'train' and step >= 0
),

epochs as (
    select count(*) as complete
    from passes
    where split = 'train' and epoch is not null and complete
)

select
    'train' as subject,
    greatest(seen.step, 0) as step,
    last_step,
    1 - seen.samples / data_set.samples as value,
    $missing as threshold,
    format(
        '{} of the {} samples of the training set never came in {} epochs; those that came did so {:.3g} times on average, and by chance {:.0f} would be left out',
        data_set.samples - seen.samples, data_set.samples, complete, visits, to_come
    ) as message
from data_set, seen, steps, epochs, run_facts
where
    complete >= $epochs
    and recorded >= $recorded * (last_step - greatest(seen.step, 0) + 1)
    and ranks >= coalesce(world_size, 1)
    and data_set.samples - seen.samples > $missing * data_set.samples
    and data_set.samples - seen.samples > $unexplained * to_come + $errors * sqrt(to_come + 1)
order by step
