-- One row per tensor, split and recorded step, with the tensor's name, module and shape.
-- Record: pass the model to Recorder(run_dir, model, optimizer)
-- Column std: standard deviation of the finite values
-- Column norm: Euclidean norm, rms times the root of count
select
    history.step,
    history.last_step,
    history.recorded,
    history.split,
    tensors.kind,
    tensors.name,
    tensors.module,
    tensors.module_type,
    tensors.activation,
    tensors.shape,
    tensors.numel,
    tensors.dtype,
    tensors.depth,
    tensors.trainable,
    tensors.optimizer_group,
    history.count,
    history.mean,
    history.rms,
    history.abs_mean,
    sqrt(greatest(history.rms * history.rms - history.mean * history.mean, 0)) as std,
    history.rms * sqrt(history.count) as norm,
    history.min,
    history.max,
    history.zeros,
    history.negatives,
    history.nonfinite,
    history.saturated,
    history.units,
    history.silent_units,
    history.saturated_units,
    history.sampled
from tensor_history as history
join tensors using (tensor_id)
