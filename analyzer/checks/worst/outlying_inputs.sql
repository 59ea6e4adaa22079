/*
title: Inputs far outside the others among the worst samples
cause: inputs_not_normalized
strength: strong
severity: warning
explains: []
reads:
  inputs: [std, mean]
  sample_histories: [last_loss]
params:
  distance: {default: 10, unit: median absolute deviations, source: "a normal distribution has none beyond 7; heavy tails and dark images stay below 10 with this many worst among them"}
  worst: {default: 0.05, unit: share of the samples, source: "the worst twentieth by loss"}
  enrichment: {default: 0.5, unit: share of the outliers, source: "by chance a twentieth of them would be among the worst"}
  samples: {default: 3, unit: samples, source: "one or two outliers may be worst by chance"}
finds: Samples whose input has a mean or a standard deviation more than `distance` median absolute deviations from that of the others, of which at least `enrichment` and `samples` are among the worst `worst` by their last loss.
matters: These samples were not prepared like the others, or are broken; they pull at the weights, and the model can say nothing of them.
do: Look at these files and at how they are read; another bit depth, another unit or an empty file is usual.
ignore: Samples that are rare by nature.
*/
with measured as (
    select
        inputs.split,
        inputs.sample_id,
        any_value(inputs.mean::double) as mean,
        any_value(inputs.std::double) as std
    from inputs
    where inputs.mean is not null and isfinite(inputs.mean) and isfinite(inputs.std)
    group by inputs.split, inputs.sample_id
),

usual as (
    select split, count(*) as n, median(mean) as mean, median(std) as std, mad(mean) as mean_deviation, mad(std) as std_deviation
    from measured
    group by split
    having count(*) >= 50
),

judged as (
    select
        measured.split,
        measured.sample_id,
        measured.mean,
        measured.std,
        usual.mean as usual_mean,
        usual.std as usual_std,
        greatest(
            abs(measured.mean - usual.mean) / greatest(1.4826 * mean_deviation, 0.01 * usual.std, 1e-12),
            abs(measured.std - usual.std) / greatest(1.4826 * std_deviation, 0.01 * usual.std, 1e-12)
        ) as distance,
        percent_rank() over (partition by measured.split order by sample_histories.last_loss desc) as rank,
        sample_histories.last_loss,
        sample_histories.first_step,
        sample_histories.last_step
    from measured
    join usual using (split)
    join sample_histories using (split, sample_id)
    where isfinite(sample_histories.last_loss)
),

outliers as (
    select
        *,
        count(*) over (partition by split) as found,
        count(*) filter (rank <= $worst) over (partition by split) as worst
    from judged
    where distance > $distance
)

select
    sample_id as subject,
    greatest(first_step, 0) as step,
    last_step,
    distance as value,
    $distance as threshold,
    format('the input of {} in {} has mean {:.3g} and standard deviation {:.3g} where {:.3g} and {:.3g} are usual, and its loss is {:.3g}; {} of {} such samples are among the worst {:.0f} %',
        sample_id, split, mean, std, usual_mean, usual_std, last_loss, worst, found, 100 * $worst) as message
from outliers
where worst >= $samples and worst >= $enrichment * found and rank <= $worst
order by distance desc, subject
limit 20
