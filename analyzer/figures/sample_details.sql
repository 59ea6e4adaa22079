-- One row per chosen sample: what was recorded of it at its last visit.
select *
from samples
where list_contains($ids, split || chr(0) || sample_id)
qualify row_number() over (partition by split, sample_id order by pass desc, step desc nulls last) = 1
