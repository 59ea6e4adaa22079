-- One row per target class and prediction in one pass through a split.
select target, prediction, count(*) as samples
from samples
where split = $split and pass = $pass and target is not null and prediction is not null
group by target, prediction
order by target, prediction
