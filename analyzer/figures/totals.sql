-- One row: how far the run got and how much was recorded of it.
select
    (select max(step) from (select max(step) as step from metrics union all select max(step) from stats union all select max(step) from samples)) as last_step,
    (select max(epoch) + 1 from (select max(epoch) as epoch from metrics union all select max(epoch) from samples)) as epochs,
    (select max(seconds) from (select max(seconds) as seconds from metrics union all select max(seconds) from events)) as seconds,
    (select count(*) from stats) as stats,
    (select count(*) from metrics) as metrics,
    (select count(*) from samples) as samples,
    (select count(*) from tensors) as tensors,
    (select sum(numel) from tensors where kind = 'weight') as weight_values,
    (select mode(size) from (select count(*) as size from samples where split = 'train' and step between 0 and 999 group by step)) as batch
