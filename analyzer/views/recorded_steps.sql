-- One row per split and step at which statistics were recorded, numbered within its split.
-- Record: pass the model to Recorder(run_dir, model, optimizer)
-- Materialize
-- Column recorded: index of the row of tensor_history that the step belongs to, counted from 0 within its split (recorded steps)
-- In a run of more than two million rows of statistics neighbouring steps share one row of tensor_history, so that every check stays fast.
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
        greatest(1, ceil(sum(tensors) over () / 2e6))::bigint as steps_a_row
    from steps
)

select split, step, place // steps_a_row as recorded
from numbered
