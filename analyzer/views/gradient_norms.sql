-- One row per training step: the norm of all gradients, as the optimizer sees them, against what it was before.
-- Record: pass the model and the optimizer to Recorder(run_dir, model, optimizer)
-- Materialize
-- Column usual: geometric mean of the finite norms of the up to 100 steps before
with norms as (
    select step, max(value) as norm
    from metrics
    where split = 'train' and step is not null and name = 'gradient_norm'
    group by step
)

select
    step,
    norm,
    row_number() over (order by step) - 1 as place,
    count(*) over () as steps,
    exp(avg(case when isfinite(norm) and norm > 0 then ln(norm) end) over (order by step rows between 100 preceding and 1 preceding)) as usual
from norms
