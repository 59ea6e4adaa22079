-- One row per kind of event and message: how often, from which step to which.
select kind, message, min(coalesce(step, -1)) as step, max(coalesce(step, -1)) as last_step, count(*) as times
from events
group by kind, message
order by step, kind, message
limit $rows
