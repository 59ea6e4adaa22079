-- One row per recorded training step: how far the optimizer moved the weight matrices.
-- Record: pass the model and the optimizer to Recorder(run_dir, model, optimizer)
-- Materialize
-- Column update_ratio: median over the weight matrices of rms of the update over rms of the weight before the step
-- Column steps: training steps from this recorded one to the next
-- Column overwritten: median over the weight matrices of rms of the update over weight_scale, which does not take small first weights for large steps
-- Column largest_ratio: largest of them
-- Column largest_name: the matrix that has it
-- Column gradient_ratio: median over the weight matrices of rms of the gradient over rms of the weight
select
    recorded,
    min(step) as step,
    max(last_step) as last_step,
    coalesce(lead(min(step)) over (order by recorded) - min(step), 1) as steps,
    count(*) as matrices,
    median(update_ratio) filter (isfinite(update_ratio)) as update_ratio,
    median(update_rms / weight_scale) filter (isfinite(update_rms)) as overwritten,
    max(update_ratio) filter (isfinite(update_ratio)) as largest_ratio,
    arg_max(name, update_ratio) filter (isfinite(update_ratio)) as largest_name,
    median(gradient_ratio) filter (isfinite(gradient_ratio)) as gradient_ratio
from matrix_steps
group by recorded
