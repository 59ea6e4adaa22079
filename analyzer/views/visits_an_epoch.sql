-- One row per run through the training data (of the first five and the last five) and number of visits: how many samples were seen that often in it.
-- Record: set rec.epoch, and rec.samples(ids, loss=losses, prediction=outputs, target=targets) at every training step and evaluation
-- Materialize
-- Column visits: rows of the sample in the pass (visits)
-- Column samples: samples with that number of visits (samples)
-- Column first_step: first training step of the pass (steps)
-- Column step: last training step of the pass (steps)
with chosen as (
    select pass
    from passes
    where split = 'train' and epoch is not null
    qualify row_number() over (order by pass) <= 5 or row_number() over (order by pass desc) <= 5
),

visited as (
    select pass, sample_id, count(*) as visits, min(coalesce(step, -1)) as first_step, max(coalesce(step, -1)) as step
    from samples
    semi join chosen using (pass)
    where split = 'train' and sample_id is not null
    group by pass, sample_id
)

select pass, visits, count(*) as samples, min(min(first_step)) over (partition by pass) as first_step, max(max(step)) over (partition by pass) as step
from visited
group by pass, visits
