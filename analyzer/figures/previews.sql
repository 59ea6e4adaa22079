-- One row per preview of the chosen samples, the latest of each kind first.
select split, sample_id, coalesce(step, -1) as step, kind, content
from previews
where list_contains($ids, split || chr(0) || sample_id) and octet_length(content) <= $bytes
order by split, sample_id, kind, step desc
