/*
title: An optimizer that from some step on moves nothing
cause: parameter_not_optimized
strength: direct
severity: error
explains: [unknown, frozen_parameter, learning_rate_too_low, stopped_too_early, model_too_small, ignores_input, class_imbalance]
reads:
  updates: [rms]
  gradients: [rms]
  learning_rates: [rate]
params:
  visible: {default: 1.0e-6, unit: rate times gradient over weight, source: "float32 has 6e-8: a smaller step is lost in rounding, and that is another fault"}
  share: {default: 0.5, unit: share of the parameters, source: "some have no gradient to speak of at some steps"}
  patience: {default: 3, unit: recorded steps in a row, source: "a step that was held back once is no trend"}
finds: Updates that are exactly zero for all parameters, `patience` recorded steps in a row, up to the end, though the rate was not zero and `share` of the parameters had a gradient that would have moved them.
matters: The rest of the run changes nothing.
do: Look whether the optimizer still holds the model's parameters (a model that was moved, wrapped, sharded or loaded anew), and at an optimizer step that is compiled, captured in a graph or patched.
ignore: Optimizers that search along a line and may refuse a step; LBFGS is left out.
*/
with by_step as (
    select
        updates.recorded,
        min(updates.step) as step,
        max(updates.last_step) as last_step,
        bool_or(updates.rms > 0 or updates.nonfinite > 0) as moved,
        count(*) as tensors,
        count(*) filter (gradients.rms * rate > $visible * gradients.weight_rms) as asked,
        any_value(updates.name order by updates.numel desc, updates.name) as largest
    from updates
    join gradients on gradients.name = updates.name and gradients.split = updates.split and gradients.recorded = updates.recorded
    left join learning_rates on learning_rates.step = updates.step
    where
        updates.split = 'train'
        and isfinite(gradients.rms)
        and coalesce(updates.dtype, '') not in ('float16', 'bfloat16')
        and not exists (from optimizer_groups where type = 'LBFGS')
    group by updates.recorded
),

final_stretch as (
    select *
    from by_step
    where recorded > coalesce((select max(recorded) from by_step where moved or asked < $share * tensors), -1)
)

select
    any_value(largest order by recorded) as subject,
    min(step) as step,
    max(last_step) as last_step,
    count(*) as value,
    $patience as threshold,
    format('from step {} on no parameter moves at any of {} recorded steps, though there is a gradient and a learning rate', min(step), count(*)) as message
from final_stretch
having count(*) >= $patience
order by step
