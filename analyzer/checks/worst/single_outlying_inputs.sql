/*
title: Single inputs far outside the others among the worst samples
cause: inputs_not_normalized
strength: strong
severity: info
explains: []
reads:
  input_outliers: [distance]
params:
  worst: {default: 0.05, unit: share of the samples, source: "the worst twentieth by loss"}
finds: Samples whose input has a mean or a standard deviation more than 10 median absolute deviations from that of the others and whose last loss is among the worst `worst`.
matters: An empty, cut or wrongly read file teaches the model nothing, and its loss hides in the average.
do: Look at these files; drop or mend them.
ignore: Samples that are rare by nature.
*/
select
    sample_id as subject,
    greatest(first_step, 0) as step,
    last_step,
    distance as value,
    10 as threshold,
    format('the input of {} in {} has mean {:.3g} and standard deviation {:.3g} where {:.3g} and {:.3g} are usual, and its loss is {:.3g}', sample_id, split, mean, std, usual_mean, usual_std,
        last_loss) as message
from input_outliers
where place <= $worst
order by distance desc, subject
limit 20
