-- One row per run with training samples: how much the number of visits differs between samples.
-- Record: rec.samples(ids, loss=losses, prediction=outputs, target=targets) at every training step and evaluation
-- Column samples: samples of the training set that came (samples)
-- Column visits: mean number of visits of a sample (visits)
-- Column fewest: hundredth of the samples have at most as many (visits)
-- Column most: hundredth of the samples have at least as many (visits)
-- Column late: share of the samples that were first seen after the first fifth of the run
-- Column excess: variance within a class over the mean number of visits of the class, in the class (of 20 samples and more) where it is least; 1 when drawn with replacement, 0 when each comes once an epoch
with within as (
    select coalesce(target, -1) as target, count(*) as n, var_samp(visits) as variance, avg(visits) as mean
    from sample_histories
    where split = 'train'
    group by coalesce(target, -1)
    having count(*) > 1
)

select
    (select coalesce(min(variance / mean) filter (n >= 20), sum(n * variance / mean) / sum(n)) from within) as excess,
    count(*) as samples,
    avg(visits) as visits,
    avg((first_step > 0.2 * (select max(last_step) from sample_histories where split = 'train'))::int) as late,
    quantile_disc(visits, 0.01) as fewest,
    quantile_disc(visits, 0.99) as most,
    max(last_step) as last_step
from sample_histories
where split = 'train'
having count(*) > 0
