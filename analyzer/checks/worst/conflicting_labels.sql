/*
title: Equal inputs with different labels
cause: label_errors
strength: strong
severity: info
explains: []
reads:
  inputs: [hash]
  sample_histories: [target]
  steady_keys: [steady]
params:
  samples: {default: 2, unit: samples, source: "two samples of one content and two labels cannot both be right"}
finds: Samples with byte for byte the same input and different classes.
matters: At least one of the labels is wrong, or the input does not tell the classes apart.
do: Look at the samples; drop or mend one of them.
ignore: Inputs that are ambiguous by nature, such as a name that is used for two classes.
*/
with contents as (
    select distinct inputs.split, inputs.sample_id, inputs.hash, sample_histories.target, sample_histories.first_step, sample_histories.last_step
    from inputs
    join sample_histories using (split, sample_id)
    cross join steady_keys
    where steady and inputs.hash is not null and coalesce(inputs.std, 1) > 0 and sample_histories.target is not null
)

select
    min(sample_id) as subject,
    min(greatest(first_step, 0)) as step,
    max(last_step) as last_step,
    count(distinct target) as value,
    1 as threshold,
    format('{} and {} are the same input, labelled {} and {}', min(sample_id), max(sample_id), arg_min(target, sample_id), arg_max(target, sample_id)) as message
from contents
group by hash
having count(distinct sample_id) >= $samples and count(distinct target) > 1
order by step, subject
limit 50
