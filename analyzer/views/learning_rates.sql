-- One row per training step: the largest learning rate of any parameter group.
-- Record: pass the optimizer to Recorder(run_dir, model, optimizer), or rec.log(learning_rate=...)
-- Materialize
-- Column place: index of the step among those that have a rate, from 0
-- Column share: place as a share of the run
-- Column peak: the largest rate of the run
with largest as (
    select step, max(epoch) as epoch, max(value) as rate
    from metrics
    where split = 'train' and step is not null and regexp_matches(name, '^(learning_rate|lr)(/.*)?$')
    group by step
)

select
    step,
    epoch,
    rate,
    row_number() over (order by step) - 1 as place,
    (row_number() over (order by step) - 1) / greatest(count(*) over () - 1, 1) as share,
    max(rate) over () as peak
from largest
