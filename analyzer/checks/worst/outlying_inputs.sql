/*
title: Inputs far outside the others among the worst samples
cause: inputs_not_normalized
strength: strong
severity: warning
explains: []
reads:
  input_outliers: [distance]
params:
  share: {default: 0.01, unit: share of the samples, source: "fewer are odd files, which the check of single outliers names"}
  worst: {default: 0.05, unit: share of the samples, source: "the worst twentieth by loss"}
  enrichment: {default: 0.5, unit: share of the outliers, source: "by chance a twentieth of them would be among the worst"}
  samples: {default: 3, unit: samples, source: "one or two outliers may be worst by chance"}
finds: Samples whose input has a mean or a standard deviation more than 10 median absolute deviations from that of the others, at least `share` of a split, of which at least `enrichment` and `samples` are among the worst `worst` by their last loss.
matters: These samples were not prepared like the others; they pull at the weights, and the model can say nothing of them.
do: Look at these files and at how they are read; another bit depth, another unit or a missing scaling is usual.
ignore: Samples that are rare by nature.
*/
with counted as (
    select
        *,
        count(*) over (partition by split) as found,
        count(*) filter (place <= $worst) over (partition by split) as among_worst
    from input_outliers
)

select
    sample_id as subject,
    greatest(first_step, 0) as step,
    last_step,
    distance as value,
    10 as threshold,
    format('the input of {} in {} has mean {:.3g} and standard deviation {:.3g} where {:.3g} and {:.3g} are usual, and its loss is {:.3g}; {} of {} such samples are among the worst {:.0f} %',
        sample_id, split, mean, std, usual_mean, usual_std, last_loss, among_worst, found, 100 * $worst) as message
from counted
where found >= $share * samples and among_worst >= $samples and among_worst >= $enrichment * found and place <= $worst
order by distance desc, subject
limit 20
