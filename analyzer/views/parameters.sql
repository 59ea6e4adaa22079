-- One row per parameter: what happened to it over the recorded training steps.
-- Record: pass the model and the optimizer to Recorder(run_dir, model, optimizer)
-- Materialize
-- Column dimensions: number of dimensions of its shape
-- Column sparse: an embedding, whose rows move only when their index occurs
-- Column optimized: it is in a parameter group of the optimizer; true where no group is known for any parameter
-- Column recorded_steps: recorded steps at which it was seen (recorded steps)
-- Column gradient_steps: recorded steps at which it had a gradient (recorded steps)
-- Column live_gradient_steps: recorded steps at which its gradient was not exactly zero (recorded steps)
-- Column update_steps: recorded steps at which its update was measured (recorded steps)
-- Column live_update_steps: recorded steps at which it moved (recorded steps)
-- Column followed: a layer beside it in the same module runs later and has a gradient
-- Column first_rms: root mean square at its first recorded step
-- Column last_rms: root mean square at its last recorded step
with seen as (
    select
        name,
        min(step) as first_step,
        max(last_step) as last_step,
        count(*) filter (kind = 'weight') as recorded_steps,
        count(*) filter (kind = 'gradient') as gradient_steps,
        count(*) filter (kind = 'gradient' and (rms > 0 or nonfinite > 0)) as live_gradient_steps,
        count(*) filter (kind = 'update') as update_steps,
        count(*) filter (kind = 'update' and (rms > 0 or nonfinite > 0)) as live_update_steps,
        arg_min(rms, step) filter (kind = 'weight') as first_rms,
        arg_max(rms, step) filter (kind = 'weight') as last_rms
    from watched_tensors
    where split = 'train' and kind in ('weight', 'gradient', 'update')
    group by name
),

grouped as (
    select bool_or(optimizer_group is not null) as known
    from tensors
    where kind = 'weight'
)

select
    tensors.name,
    tensors.module,
    tensors.module_type,
    tensors.shape,
    len(tensors.shape) as dimensions,
    coalesce(tensors.module_type like 'Embedding%', false) as sparse,
    tensors.numel,
    tensors.dtype,
    tensors.depth,
    coalesce(tensors.trainable, true) as trainable,
    tensors.optimizer_group,
    tensors.optimizer_group is not null or not coalesce(grouped.known, false) as optimized,
    seen.* exclude (name),
    coalesce(
        tensors.depth < max(tensors.depth) filter (live_gradient_steps > 0) over (
            partition by regexp_replace(tensors.module, '(^|\.)[^.]*$', '')
        ),
        false
    ) as followed
from tensors
join seen using (name)
left join grouped on true
where tensors.kind = 'weight'
