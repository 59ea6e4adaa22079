-- One row per quantity, tensor and stretch of recorded training steps: the largest finite value of the stretch.
-- At most $layers tensors a quantity, spread evenly over the depth; those of $suspects always.
with measured as (
    select 'update_ratio' as quantity, name, module, module_type as type, depth, step, last_step, recorded, ratio as value, nonfinite
    from updates
    where split = 'train' and (len(shape) >= 2 or not exists (from updates where len(shape) >= 2))
    union all
    select 'gradient_rms', name, module, module_type, depth, step, last_step, recorded, rms, nonfinite
    from gradients
    where split = 'train' and (len(shape) >= 2 or not exists (from gradients where len(shape) >= 2))
    union all
    select 'silent_share', name, module, coalesce(activation, module_type), depth, step, last_step, recorded, silent_units / nullif(units, 0), nonfinite
    from activations
    where split = 'train' and activation is not null and silent_units is not null
    union all
    select 'saturated_share', name, module, coalesce(activation, module_type), depth, step, last_step, recorded, saturated / nullif("count", 0), nonfinite
    from preactivations
    where split = 'train' and activation is not null and saturated is not null
    union all
    select 'saturated_share', name, module, activation, depth, step, last_step, recorded, saturated / nullif("count", 0), nonfinite
    from activations
    where split = 'train' and activation = 'softmax' and saturated is not null
),

ranked as (
    select
        quantity,
        name,
        any_value(type) as type,
        min(depth) as depth,
        bool_or(list_contains($suspects, name) or list_contains($suspects, module)) as suspect,
        row_number() over (partition by quantity order by min(depth) nulls last, name) - 1 as place,
        count(*) over (partition by quantity) as layers
    from measured
    where name is not null
    group by quantity, name
),

chosen as (
    select * from ranked
    where suspect or layers <= $layers or place = 0 or (place * $layers) // layers <> ((place - 1) * $layers) // layers
),

spans as (
    select quantity, greatest(1, ceil((max(recorded) + 1) / $columns))::bigint as width
    from measured
    group by quantity
)

select
    measured.quantity,
    measured.name,
    any_value(chosen.type) as type,
    any_value(chosen.place) as place,
    any_value(chosen.layers) as layers,
    measured.recorded // spans.width as stretch,
    min(measured.step) as step,
    max(measured.last_step) as last_step,
    max(measured.value) filter (isfinite(measured.value)) as value,
    sum(measured.nonfinite) as nonfinite
from measured
join chosen using (quantity, name)
join spans using (quantity)
group by measured.quantity, measured.name, stretch
order by measured.quantity, place, stretch
