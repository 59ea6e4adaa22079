/*
title: Evaluation samples that are training samples
cause: leak_train_valid
strength: direct
expected: true
severity: error
explains: [unknown, targets_leak, overfitting]
reads:
  shared_inputs: [samples]
params:
  share: {default: 0.02, unit: share of the split, source: "real data sets hold duplicates of about 1 % (CIFAR-10 3 %, iris, digits below 1 %)"}
  twins: {default: 3, unit: times the share of duplicates within training, source: "data whose inputs repeat by nature (few features, short words) repeat within training as well"}
  chance: {default: 0.7, unit: probability that two targets are equal, source: "above it equal targets prove nothing"}
  samples: {default: 3, unit: samples, source: "one or two duplicates are chance"}
finds: A split of which at least `share` of the samples have an input that a training sample has too, byte for byte, and either `twins` times more than training inputs repeat among themselves, or with equal targets throughout, as copies have.
matters: The evaluation measures memory. The model will be worse on new data than the number says, and overfitting cannot be seen.
do: Split by what makes samples belong together (file, patient, session, time) before anything is copied, cut or augmented; remove duplicates first.
ignore: A split that is meant to be a part of the training data; give it a name that says so, such as train_sample.
*/
select
    split as subject,
    greatest(step, 0) as step,
    step as last_step,
    same_input / samples as value,
    $share as threshold,
    format('{} of the {} samples of {} ({:.0f} %) are in the training data too: {} is {}', same_input, samples, split, 100 * same_input / samples, example,
        if(example = example_in_training, 'one of them', example_in_training || ' there')) as message
from shared_inputs
where
    same_input >= $samples
    and same_input >= $share * samples
    and (
        same_input >= $twins * own_twins * samples
        -- Copies agree in their targets; inputs that repeat by nature do not where targets differ at all.
        or (same_target >= 0.99 * same_input and same_input >= 10 and coalesce(targets_alike, 1) <= $chance)
    )
    and not contains(lower(split), 'train')
order by value desc, subject
