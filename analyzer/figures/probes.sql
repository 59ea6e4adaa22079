-- One row per outcome of an experiment, failed ones first within each.
select
    coalesce(step, -1) as step,
    coalesce(probe, '') as probe,
    coalesce(subject, '') as subject,
    value,
    reference,
    tolerance,
    passed,
    coalesce(details, '') as details,
    count(*) over () as total
from probes
qualify row_number() over (partition by probe order by passed nulls last, step, subject) <= $rows
order by probe, passed nulls last, step, subject
