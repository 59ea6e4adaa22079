/*
title: Splits whose inputs are prepared differently
cause: split_mismatch
strength: strong
expected: true
severity: error
explains: [unknown, label_errors, overfitting, normalization_statistics, inputs_not_normalized, wrong_mode, labels_random]
reads:
  input_ranges: [std, mean]
params:
  ratio: {default: 1.7, unit: times, source: "augmentation changes the standard deviation of a sample by less than a third"}
  shift: {default: 0.7, unit: standard deviations within a sample, source: "twice what brightness augmentation does"}
  errors: {default: 6, unit: standard errors, source: "beyond the chance of small splits"}
  samples: {default: 10, unit: samples, source: "fewer say little of a split"}
finds: A split whose samples have a typical standard deviation `ratio` times that of the training samples or the other way round, or a mean that lies `shift` standard deviations away.
matters: The model is asked about something it has never seen. Its evaluation says nothing of how good it is.
do: Use one function to prepare samples for all splits; fit scalers on the training data and apply the same ones to the others; look at one sample of each split just before the model.
ignore: A split from another domain, chosen to be different.
*/
with training as (
    select * from input_ranges where split = 'train' and samples >= $samples
),

compared as (
    select
        other.split,
        other.std / nullif(training.std, 0) as ratio,
        abs(other.mean - training.mean) as distance,
        greatest(least(training.std, other.std), 1e-12) as unit,
        sqrt(training.mean_scatter ** 2 / training.samples + other.mean_scatter ** 2 / other.samples) as mean_error,
        1.25 * sqrt(training.std_scatter ** 2 / training.samples + other.std_scatter ** 2 / other.samples) as std_error,
        abs(other.std - training.std) as std_distance,
        training.mean as mean_in_training,
        training.std as std_in_training,
        other.mean,
        other.std
    from input_ranges as other, training
    where other.split <> 'train' and other.samples >= $samples
        and other.dtype is not distinct from training.dtype and regexp_matches(coalesce(other.dtype, 'float'), 'float')
),

judged as (
    select
        *,
        (ratio > $ratio or ratio < 1 / $ratio) and std_distance > $errors * std_error as scaled,
        distance > $shift * unit and distance > $errors * mean_error as shifted
    from compared
)

select
    split as subject,
    0 as step,
    null::bigint as last_step,
    if(scaled, ratio, distance / unit) as value,
    if(scaled, $ratio, $shift) as threshold,
    format('inputs of {} have mean {:.4g} and standard deviation {:.4g}, those of train {:.4g} and {:.4g}', split, mean, std, mean_in_training, std_in_training) as message
from judged
where scaled or shifted
order by value desc, subject
