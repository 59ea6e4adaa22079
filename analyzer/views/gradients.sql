-- One row per gradient of a parameter, as the optimizer sees it, and recorded step of a split, beside the weight it belongs to.
-- Record: pass the model to Recorder(run_dir, model, optimizer)
-- Column weight_rms: root mean square of the weight before the step
-- Column ratio: rms of the gradient over rms of the weight before the step; null where the weight is all zero
select
    gradient.* exclude (kind),
    weight.rms as weight_rms,
    gradient.rms / nullif(weight.rms, 0) as ratio
from watched_tensors as gradient
left join watched_tensors as weight
    on weight.kind = 'weight' and weight.name = gradient.name and weight.split = gradient.split and weight.recorded = gradient.recorded
where gradient.kind = 'gradient'
