-- One row per training step with a loss.
-- Record: rec.log(loss=loss) at every training step
-- Materialize
-- Column loss: the loss as logged, else the mean over the step's recorded samples
-- Column source: logged, or recomputed from samples
with logged as (
    select
        step,
        max(epoch) as epoch,
        name,
        avg(value) as loss
    from metrics
    where split = 'train' and step is not null
        and regexp_matches(lower(name), '^(train|training)?[/_. ]?(total|running|batch|step)?[/_. ]?loss([/_. ](train|training|step|batch|total))?$')
    group by step, name
),

chosen as (
    select name
    from logged
    group by name
    order by count(*) desc, length(name), name
    limit 1
),

recomputed as (
    select
        step,
        max(epoch) as epoch,
        sum(loss_sum::double) / nullif(sum(elements), 0) as loss
    from samples
    where split = 'train' and step is not null and loss_sum is not null
    group by step
)

select step, epoch, loss, 'logged' as source
from logged
join chosen using (name)
union all
select step, epoch, loss, 'recomputed' as source
from recomputed
where not exists (from chosen)
