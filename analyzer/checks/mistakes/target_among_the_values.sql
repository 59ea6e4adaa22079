/*
title: A quantity to be told that stands in the input
cause: targets_leak
strength: direct
severity: error
explains: [unknown, stopped_too_early]
reads:
  previews: [content]
  sample_histories: [target_value]
params:
  exact: {default: 0.0001, unit: share of the value, source: "previews of curves keep five digits"}
  share: {default: 0.98, unit: share of the samples, source: "measured quantities never agree to four digits by chance"}
  samples: {default: 20, unit: samples, source: "with twenty different targets the place is no coincidence"}
finds: A regression of one output whose target equals one and the same value of the input, to four digits, in at least `share` of the training samples that previews show as curves, `samples` different targets at least.
matters: The model only has to copy. It has learned nothing of the rest, and where the answer is not known yet it can tell nothing.
do: Take the value out of the input; look at where a window ends and its target begins, and at the columns of the table that were kept as features.
ignore: An input that is meant to be copied.
*/
with shown as (
    select previews.sample_id, any_value(target_value) as target, any_value(try_cast(decode(content) as double[])) as curve
    from previews
    join sample_histories using (split, sample_id)
    where split = 'train' and kind = 'curve' and isfinite(target_value)
        and not exists (select 1 from samples where split = 'train' and target_values is not null)
    group by previews.sample_id
),

placed as (
    select target, unnest(curve) as value, unnest(range(len(curve))) as place
    from shown
    where curve is not null
)

select
    format('value {} of the input', place) as subject,
    0 as step,
    (select max(step) from samples where split = 'train') as last_step,
    avg((abs(value - target) <= $exact * abs(target))::int) as value,
    $share as threshold,
    format('value {} of the input, counted from 0, is the target, to four digits, in {} of {} training samples', place,
        count(*) filter (abs(value - target) <= $exact * abs(target)), count(*)) as message
from placed
group by place
having count(distinct target) >= $samples and avg((abs(value - target) <= $exact * abs(target))::int) >= $share
order by place
