-- One row per cell of a square grid over targets (columns) and predictions (rows) of one pass through a split, both on the same scale.
with pairs as (
    select target_value::double as target, predicted_value::double as predicted
    from samples
    where split = $split and pass = $pass and isfinite(target_value) and isfinite(predicted_value)
),

scale as (
    select
        least(min(target), min(predicted)) as low,
        greatest(max(target), max(predicted)) as high,
        count(*) as samples,
        sqrt(avg((predicted - target) * (predicted - target))) as rms_error,
        avg(predicted - target) as mean_error,
        stddev_pop(target) as spread
    from pairs
)

select
    least($bins - 1, floor($bins * (target - low) / (high - low)))::int as "column",
    least($bins - 1, floor($bins * (predicted - low) / (high - low)))::int as "row",
    count(*) as hits,
    any_value(low) as low,
    any_value(high) as high,
    any_value(samples) as samples,
    any_value(rms_error) as rms_error,
    any_value(mean_error) as mean_error,
    any_value(spread) as spread
from pairs
cross join scale
where high > low
group by 1, 2
order by 1, 2
