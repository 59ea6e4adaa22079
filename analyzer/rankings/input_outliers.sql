-- One row per sample whose input is far from the others of its split in level, scatter or range.
-- Title: Inputs unlike the others
-- Score: largest distance from the split's median, in median absolute deviations (of mean, std, min, max)
-- Reads: inputs.mean
with measured as (
    select
        sample_id,
        split,
        step,
        unnest(['mean', 'std', 'min', 'max']) as measure,
        unnest([mean, std, "min", "max"]) as value
    from inputs
    where sample_id is not null and split is not null
),

placed as (
    select
        *,
        median(value) filter (isfinite(value)) over (partition by split, measure) as typical,
        mad(value) filter (isfinite(value)) over (partition by split, measure) as scatter
    from measured
),

distances as (
    select
        *,
        abs(value - typical) / nullif(scatter, 0) as distance
    from placed
)

select
    sample_id,
    split,
    max(distance) as score,
    arg_max(step, distance) as step,
    arg_max(measure, distance) as measure,
    arg_max(value, distance) as value,
    arg_max(typical, distance) as typical
from distances
where distance is not null
group by sample_id, split
