-- One row per logged number, split and stretch of steps: the extremes of the stretch, so that no spike is lost.
-- Series of at most $points rows are kept whole.
with series as (
    select
        split,
        name,
        count(*) as total,
        min(coalesce(step, -1)) as first_step,
        max(coalesce(step, -1)) as last_step
    from metrics
    where list_contains($names, name)
    group by split, name
),

sized as (
    select
        *,
        case when total <= $points then 1 else greatest(1, ceil((last_step - first_step + 1) / ($points / 2.0)))::bigint end as width
    from series
)

select
    metrics.split,
    metrics.name,
    (coalesce(metrics.step, -1) - sized.first_step) // sized.width as stretch,
    count(*) as total,
    min(value) filter (isfinite(value)) as lowest,
    arg_min(coalesce(metrics.step, -1), value) filter (isfinite(value)) as lowest_step,
    max(value) filter (isfinite(value)) as highest,
    arg_max(coalesce(metrics.step, -1), value) filter (isfinite(value)) as highest_step,
    count(*) filter (not isfinite(value)) as nonfinite,
    min(coalesce(metrics.step, -1)) filter (not isfinite(value)) as nonfinite_step,
    arg_max(value, coalesce(metrics.step, -1)) as last
from metrics
join sized on sized.split = metrics.split and sized.name = metrics.name
group by metrics.split, metrics.name, stretch
order by metrics.split, metrics.name, stretch
