/*
title: Evaluation samples with the ids of training samples
cause: leak_train_valid
strength: strong
severity: error
explains: [unknown, targets_leak, overfitting]
reads:
  shared_inputs: [samples]
params:
  share: {default: 0.02, unit: share of the split, source: "the same as for equal inputs"}
  agreement: {default: 0.99, unit: share of the common ids with equal targets, source: "ids that each split counts from 0 agree only by chance"}
  chance: {default: 0.7, unit: probability that two targets are equal, source: "above it agreement proves nothing"}
  samples: {default: 10, unit: samples, source: "ten equal targets in a row are no chance at 0.7 (3 %), and far less with more classes"}
finds: Ids that occur in training and in another split, at least `share` of the split, whose targets agree in `agreement` of the cases, so that the ids name the same samples; or ids that name one data set, as with_ids makes them.
matters: The evaluation measures memory, even where augmentation makes the inputs look different.
do: Split the list of samples before wrapping it in data sets; check that the index lists of the splits have no element in common.
ignore: A split that is meant to be a part of the training data; give it a name that says so, such as train_sample.
*/
with named as (
    select
        shared_inputs.*,
        exists (from sample_histories as own where own.split = shared_inputs.split and regexp_matches(own.sample_id, '^.+:[0-9]+$')) as by_data_set
    from shared_inputs
)

select
    split as subject,
    greatest(step, 0) as step,
    step as last_step,
    same_id / samples as value,
    $share as threshold,
    format('{} of the {} ids of {} ({:.0f} %) are ids of training samples, with the same targets', same_id, samples, split, 100 * same_id / samples) as message
from named
where
    same_id >= $samples
    and same_id >= $share * samples
    and not contains(lower(split), 'train')
    and (by_data_set or (same_id_target >= $agreement * same_id and coalesce(targets_alike, 1) <= $chance))
    and (targets_alike is null or same_id_target >= $agreement * same_id)
order by value desc, subject
