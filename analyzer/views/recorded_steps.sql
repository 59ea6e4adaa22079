-- One row per split and step at which statistics were recorded.
-- Record: pass the model to Recorder(run_dir, model, optimizer)
-- Materialize
-- Column kept: whether the checks look at this step; all of them, but in a run of more than a million rows of statistics an even choice of them
-- Column recorded: index of the kept step within its split, counted from 0; the steps after it up to the next one have the same (recorded steps)
-- Column last_step: last recorded step with that index (steps)
with steps as (
    select split, step, count(*) as tensors
    from stats
    where step is not null
    group by split, step
),

numbered as (
    select
        split,
        step,
        row_number() over (partition by split order by step) - 1 as place,
        greatest(1, ceil(sum(tensors) over () / 1e6))::bigint as every
    from steps
)

select
    split,
    step,
    place % every = 0 as kept,
    place // every as recorded,
    max(step) over (partition by split, place // every) as last_step
from numbered
