-- One row per update of a parameter and recorded step of a split, beside the weight it belongs to.
-- Record: pass the model and the optimizer to Recorder(run_dir, model, optimizer)
-- Column weight_rms: root mean square of the weight before the step
-- Column ratio: rms of the update over rms of the weight before the step; null where the weight is all zero
select
    update.* exclude (kind),
    weight.rms as weight_rms,
    update.rms / nullif(weight.rms, 0) as ratio
from watched_tensors as update
left join watched_tensors as weight
    on weight.kind = 'weight' and weight.name = update.name and weight.split = update.split and weight.recorded = update.recorded
where update.kind = 'update'
