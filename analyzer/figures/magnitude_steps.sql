-- One row per suspect tensor and stretch of steps: the last step of the stretch that was recorded. Reads no histogram.
with suspects as (
    select tensor_id, name, kind, depth
    from tensors
    where kind in ('preactivation', 'activation_gradient', 'gradient') and (list_contains($suspects, name) or list_contains($suspects, module))
    qualify row_number() over (order by list_position(['preactivation', 'activation_gradient', 'gradient'], kind), depth, name) <= $tensors
),

recorded as (
    select tensor_id, step
    from stats
    semi join suspects using (tensor_id)
    where split = 'train' and step is not null
),

spans as (
    select min(step) as first_step, greatest(1, ceil((max(step) - min(step) + 1) / $columns))::bigint as width
    from recorded
)

select suspects.tensor_id, suspects.name, suspects.kind, max(recorded.step) as step
from recorded
join suspects using (tensor_id)
cross join spans
group by suspects.tensor_id, suspects.name, suspects.kind, suspects.depth, (recorded.step - spans.first_step) // spans.width
order by suspects.kind desc, suspects.depth, suspects.name, step
