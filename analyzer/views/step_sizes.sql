-- One row per recorded training step: how far the optimizer moved the weight matrices.
-- Record: pass the model and the optimizer to Recorder(run_dir, model, optimizer)
-- Materialize
-- Column update_ratio: median over the weight matrices of rms of the update over rms of the weight before the step
-- Column largest_ratio: largest of them
-- Column largest_name: the matrix that has it
-- Column gradient_ratio: median over the weight matrices of rms of the gradient over rms of the weight
select
    recorded,
    min(step) as step,
    max(last_step) as last_step,
    count(*) as matrices,
    median(update_ratio) filter (isfinite(update_ratio)) as update_ratio,
    max(update_ratio) filter (isfinite(update_ratio)) as largest_ratio,
    arg_max(name, update_ratio) filter (isfinite(update_ratio)) as largest_name,
    median(gradient_ratio) filter (isfinite(gradient_ratio)) as gradient_ratio
from matrix_steps
group by recorded
