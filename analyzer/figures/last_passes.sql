-- One row per split with samples: its last whole pass, the split a reader cares for most (not train, most samples) first.
with counted as (
    select split, pass, count(*) as samples, max(coalesce(step, -1)) as step
    from samples
    where split is not null and pass is not null
    group by split, pass
),

sized as (
    select *, max(samples) over (partition by split) as most
    from counted
)

select split, max(pass) as pass, arg_max(samples, pass) as samples, arg_max(step, pass) as step
from sized
where 10 * samples >= 9 * most
group by split
order by split = 'train', samples desc, split
