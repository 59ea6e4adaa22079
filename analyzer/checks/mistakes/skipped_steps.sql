/*
title: Steps that the gradient scaler skips again and again
cause: loss_scaling
strength: direct
severity: error
explains: [unknown, learning_rate_too_low, nonfinite_backward, nonfinite_forward, parameter_not_optimized]
reads:
  events: [kind]
params:
  settling: {default: 40, unit: steps, source: "torch GradScaler starts at 65536 and halves: 16 skips reach 1, with room"}
  share: {default: 0.1, unit: share of the steps after that, source: "with its growth interval of 2000 a healthy scaler skips 1 step in 2000"}
  times: {default: 5, unit: steps, source: "fewer are chance"}
finds: Steps skipped for a nonfinite gradient in at least `share` of the steps after the first `settling`, and at least `times` of them; a run that never got past its first skips counts too.
matters: A skipped step moves nothing; the batches of these steps were computed in vain, and the scale may have fallen so far that gradients turn to zero.
do: Look for the tensor that overflows (largest activation against 65504 for float16); train in bfloat16, or keep that operation in float32; call scaler.unscale_ before clipping and scaler.update once a step.
ignore: A short run that ends while the scale is still settling.
*/
with steps as (
    select max(step) + 1 as steps
    from training_losses
),

skipped as (
    select
        count(*) as times,
        count(*) filter (step >= $settling) as late,
        min(step) filter (step >= $settling) as late_step,
        min(step) as step,
        max(step) as last_step
    from (
        select distinct step
        from events
        where kind = 'skipped_step'
    )
)

select
    '' as subject,
    case when skipped.step > 0 and late_step is not null and times > 2 * late then late_step else skipped.step end as step,
    last_step,
    late / greatest(steps - $settling, 1) as value,
    $share as threshold,
    format('{} of {} steps were skipped for a nonfinite gradient, {} of them after step {}', times, steps, late, $settling) as message
from skipped, steps
where times >= $times and (late >= greatest($times, $share * (steps - $settling)) or times >= 0.9 * steps)
order by step
