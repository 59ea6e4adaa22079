/*
title: Splits whose targets are written differently
cause: split_mismatch
strength: strong
severity: error
explains: [unknown, overfitting, label_errors, labels_random, normalization_statistics, wrong_mode]
reads:
  samples: [target_value, loss_sum]
params:
  shift: {default: 0.7, unit: standard deviations of the targets, source: "as for inputs; two random parts of one data set differ by their standard error, a few hundredths"}
  errors: {default: 6, unit: standard errors, source: "beyond the chance of small splits"}
  factor: {default: 3, unit: times the training loss, source: "a model that follows a trend beyond its training data keeps below"}
  samples: {default: 30, unit: samples, source: "fewer say little of a split"}
finds: A regression in which a target (of several outputs, one of them) has a mean in an evaluated split that lies `shift` standard deviations, and `errors` standard errors, from that in training, and whose loss in its last evaluation is more than `factor` times that in the last pass over the training data.
matters: The model is asked in the evaluation for another quantity than it was taught, in another unit, scaled or coded in another way. The evaluation says nothing of how good it is.
do: Print ten targets of each split just before the loss; make targets by one function for all splits, with the scaler of the training data.
ignore: A split from another time or domain, chosen to be different.
*/
with targets as (
    select split, sample_id, arg_min(coalesce(target_values, [target_value]), coalesce(step, -1)) as targets
    from samples
    where target_value is not null and split not in ('test', 'predict')
    group by split, sample_id
),

outputs as (
    select split, unnest(range(len(targets))) as output, unnest(targets)::double as target
    from targets
),

spreads as (
    select split, output, count(*) as samples, avg(target) as mean, stddev_samp(target) as spread
    from outputs
    where isfinite(target)
    group by split, output
    having count(*) >= $samples
),

compared as (
    select
        other.split,
        other.output,
        other.mean,
        other.spread,
        training.mean as mean_in_training,
        training.spread as spread_in_training,
        abs(other.mean - training.mean) as distance,
        greatest(training.spread, other.spread) as unit,
        sqrt(training.spread ** 2 / training.samples + other.spread ** 2 / other.samples) as error,
        count(*) over (partition by other.split) as outputs
    from spreads as other
    join spreads as training on training.split = 'train' and training.output = other.output
    where other.split <> 'train'
),

losses as (
    select split, avg(loss_sum::double / elements) as loss
    from samples
    where loss_sum is not null and elements > 0
    group by split, pass
    qualify pass = max(pass) over (partition by split)
)

select
    compared.split as subject,
    0 as step,
    null::bigint as last_step,
    distance / unit as value,
    $shift as threshold,
    format('targets of {}{} have mean {:.4g} and standard deviation {:.4g}, those of train {:.4g} and {:.4g}',
        compared.split, if(outputs > 1, format(', output {},', output), ''), mean, spread, mean_in_training, spread_in_training) as message
from compared
join losses as evaluated on evaluated.split = compared.split
join losses as training on training.split = 'train'
where evaluated.loss > $factor * training.loss and unit > 0 and distance > $shift * unit and distance > $errors * error
qualify row_number() over (partition by compared.split order by distance / unit desc, output) = 1
order by value desc, subject
