/*
title: A few targets of another order of magnitude
cause: label_errors
strength: strong
severity: warning
explains: [unknown, overfitting, learning_rate_too_high, exploding_gradient]
reads:
  samples: [target_value, predicted_value]
params:
  gap: {default: 3, unit: times the farthest target before it, source: "a heavy tail thins out step by step; a wrong unit or a lost decimal point leaves nothing between"}
  far: {default: 8, unit: median absolute deviations, source: "a normal tail of a million samples ends at 7.3"}
  few: {default: 0.1, unit: share of the targets, source: "more of them are a second kind of sample, not mistakes"}
  samples: {default: 5, unit: samples, source: "one or two may be true extremes"}
  fitted: {default: 0.5, unit: share of their distance, source: "what the inputs tell of, a model learns"}
finds: A regression of one output in which `samples` training targets or more, and less than `few` of all, lie beyond a gap - the nearest of them `gap` times as far from the median as the farthest of the rest, and more than `far` median absolute deviations away - and are predicted, in the last pass, less than `fitted` of the way.
matters: By their squared error these few samples outweigh all others together; the model is drawn toward them and fits neither.
do: Look at these samples with their targets - a lost decimal point, another unit, a mark for a missing value (-999, 9999).
ignore: True events of another kind, such as a failure among readings; then model them apart.
*/
with last_pass as (
    select max(pass) as pass
    from passes
    where split = 'train' and complete
),

targets_seen as (
    select sample_id, any_value(target_value)::double as target, any_value(predicted_value)::double as predicted
    from samples
    join last_pass using (pass)
    where split = 'train' and target_value is not null and target_values is null and isfinite(target_value) and isfinite(predicted_value)
    group by sample_id
),

middle as (
    select median(target) as middle, mad(target) as deviation, count(*) as samples
    from targets_seen
),

distances as (
    select sample_id, abs(target - middle) as distance, (predicted - middle) / nullif(target - middle, 0) as reached, deviation, samples
    from targets_seen, middle
    where deviation > 0
),

ordered as (
    select *, lag(distance) over (order by distance, sample_id) as before, row_number() over (order by distance desc, sample_id desc) as beyond
    from distances
),

edge as (
    select max(distance) as distance, arg_max(before, distance) as before, arg_max(beyond, distance) as beyond
    from ordered
    where distance > $gap * before and distance > $far * deviation and beyond between $samples and $few * samples
)

select
    distances.sample_id as subject,
    0 as step,
    null::bigint as last_step,
    distances.distance / distances.deviation as value,
    edge.before / distances.deviation as threshold,
    format('{} of {} targets lie {:.3g} times as far from the median as any other, and are predicted {:.0f} % of the way', edge.beyond, distances.samples, edge.distance / edge.before,
        100 * (select median(reached) from distances as far_ones where far_ones.distance >= edge.distance)) as message
from distances, edge
where distances.distance >= edge.distance and (select median(reached) from distances as far_ones where far_ones.distance >= edge.distance) < $fitted
order by distances.distance desc, subject
limit 50
