-- One row per weight matrix (two dimensions and more, embeddings left out) and recorded training step at which the optimizer moved it.
-- Record: pass the model and the optimizer to Recorder(run_dir, model, optimizer)
-- Materialize
-- Column place: order of first use among the matrices, from 0
-- Column matrices: number of such matrices
-- Column weight_rms: root mean square of the weight before the step
-- Column gradient_rms: root mean square of its gradient as the optimizer sees it
-- Column update_rms: root mean square of the update
-- Column weight_scale: weight_rms, or a fifth of what a usual initialisation would give a layer of this width where that is more
-- Column gradient_ratio: gradient_rms over weight_rms; null where the weight is all zero
-- Column update_ratio: update_rms over weight_rms; null where the weight is all zero
with placed as (
    select
        *,
        row_number() over (order by depth nulls last, name) - 1 as place,
        count(*) over () as matrices
    from parameters
    where dimensions >= 2 and not sparse and trainable and update_steps > 0
),

by_kind as (
    select
        name,
        recorded,
        min(step) as step,
        max(last_step) as last_step,
        max(rms) filter (kind = 'weight') as weight_rms,
        max(rms) filter (kind = 'gradient') as gradient_rms,
        max(rms) filter (kind = 'update') as update_rms,
        sum(nonfinite) as nonfinite
    from watched_tensors
    where split = 'train' and kind in ('weight', 'gradient', 'update')
    group by name, recorded
)

select
    name,
    placed.module,
    placed.depth,
    placed.place,
    placed.matrices,
    placed.numel,
    placed.optimizer_group,
    by_kind.step,
    by_kind.last_step,
    by_kind.recorded,
    weight_rms,
    gradient_rms,
    update_rms,
    nonfinite,
    greatest(weight_rms, 0.2 / sqrt(placed.numel / placed.shape[1])) as weight_scale,
    gradient_rms / nullif(weight_rms, 0) as gradient_ratio,
    update_rms / nullif(weight_rms, 0) as update_ratio
from by_kind
join placed using (name)
where update_rms is not null
