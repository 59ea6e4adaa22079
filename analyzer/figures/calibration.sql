-- One row per tenth of confidence in one pass through a split.
select
    least(9, floor(10 * p_max))::int as bin,
    avg(p_max::double) as confidence,
    avg(correct::int) as accuracy,
    count(*) as samples
from samples
where split = $split and pass = $pass and isfinite(p_max) and correct is not null
group by bin
order by bin
