-- One row per chosen sample and stretch of its visits, in order: the largest loss of the stretch.
with visits as (
    select
        split,
        sample_id,
        coalesce(step, -1) as step,
        loss_sum::double / nullif(elements, 0) as loss,
        row_number() over (partition by split, sample_id order by pass, step nulls first) - 1 as visit,
        count(*) over (partition by split, sample_id) as visits
    from samples
    where list_contains($ids, split || chr(0) || sample_id)
)

select split, sample_id, max(step) as step, max(loss) as loss
from visits
group by split, sample_id, visit * least(visits, $points) // visits
order by split, sample_id, step
