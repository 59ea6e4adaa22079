-- One row per run that met a NaN or infinity: the first tensor to hold one, and what had happened before.
-- Record: pass the model to Recorder(run_dir, model, optimizer)
-- Materialize
-- Column tensor: name of the tensor
-- Column kind: kind of tensor, as in tensors, or loss
-- Column spent: steps from there on at which loss, gradients or weights were not finite: what it did to the run (steps)
-- Column diverged: loss, gradient norm or a tensor had grown out of all proportion before
-- Column growth: largest growth seen before, of loss or gradient norm, over its usual level
with reported as (
    select
        step,
        seconds,
        details ->> 'tensor' as tensor,
        details ->> 'kind' as kind,
        coalesce(details ->> 'module', '') as module,
        rowid as place
    from (select *, row_number() over (order by step, seconds) as rowid from events)
    where kind = 'nonfinite' and coalesce(details ->> 'split', 'train') = 'train'
),

measured as (
    select step, null as seconds, name as tensor, kind, module, null as place
    from watched_tensors
    where nonfinite > 0 and split = 'train' and not (kind = 'preactivation' and activation in ('softmax', 'log_softmax'))
),

candidates as (
    from reported
    union all
    from measured
    where step < coalesce((select min(step) from reported), 9e18)
),

ranked as (
    select
        candidates.*,
        tensors.depth,
        tensors.activation,
        row_number() over (
            order by
                candidates.step,
                place nulls last,
                list_position(['input', 'weight', 'buffer', 'preactivation', 'activation', 'loss', 'activation_gradient', 'gradient', 'update'], candidates.kind) nulls last,
                case when candidates.kind like '%gradient' then -tensors.depth else tensors.depth end nulls last
        ) as rank
    from candidates
    left join tensors on tensors.name = candidates.tensor and tensors.kind = candidates.kind
    where candidates.step is not null
),

first as (
    from ranked
    where rank = 1
),

loss_before as (
    select
        median(loss) filter (isfinite(loss)) as usual,
        max(abs(loss)) filter (isfinite(loss) and step >= first_step - 10) as highest
    from (
        select training_losses.step, loss, first.step as first_step
        from training_losses, first
        where training_losses.step between first.step - 200 and first.step - 1
    )
),

norm_before as (
    select
        median(norm) filter (isfinite(norm)) as usual,
        max(norm) filter (isfinite(norm) and step >= first_step - 10) as highest,
        count(*) filter (not isfinite(norm)) as overflowed
    from (
        select gradient_norms.step, norm, first.step as first_step
        from gradient_norms, first
        where gradient_norms.step between first.step - 200 and first.step - 1
    )
),

size_before as (
    select max(greatest(abs("max"), abs("min"))) as highest
    from watched_tensors, first
    where watched_tensors.step <= first.step and split = 'train' and isfinite("max") and isfinite("min") and watched_tensors.kind <> 'input'
),

harm as (
    select count(distinct step) as spent
    from (
        select training_losses.step
        from training_losses, first
        where training_losses.step >= first.step and not isfinite(loss)
        union all
        select gradient_norms.step
        from gradient_norms, first
        where gradient_norms.step > first.step and not isfinite(norm)
        union all
        select events.step
        from events, first
        where events.kind = 'exception' and events.step >= first.step
    )
)

select
    first.step,
    first.tensor,
    first.kind,
    first.module,
    first.depth,
    first.activation,
    harm.spent,
    greatest(loss_before.highest / nullif(abs(loss_before.usual), 0), norm_before.highest / nullif(norm_before.usual, 0)) as growth,
    coalesce(loss_before.highest > 100 * abs(loss_before.usual), false)
    or coalesce(norm_before.highest > 1000 * norm_before.usual, false)
    or coalesce(size_before.highest > 1e15, false) as diverged
from first
left join loss_before on true
left join norm_before on true
left join size_before on true
left join harm on true
