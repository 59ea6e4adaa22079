-- One row per logged number, the ones a reader looks for first on top.
select
    name,
    count(*) as total
from metrics
where name is not null
group by name
order by
    case
        when name = 'loss' then 0
        when contains(lower(name), 'loss') then 1
        when name in ('learning_rate', 'gradient_norm') then 2
        when name in ('step_seconds', 'recorder_seconds') then 5
        when starts_with(name, 'learning_rate/') then 4
        else 3
    end,
    name
