/*
title: Parameters that never move although they have a gradient
cause: parameter_not_optimized
strength: direct
severity: error
explains: [unknown, frozen_parameter, learning_rate_too_low, ignores_input, class_imbalance]
reads:
  parameters: [update_steps]
  updates: [rms]
  gradients: [rms]
params:
  visible: {default: 1.0e-6, unit: rate times gradient over weight, source: "float32 has 6e-8: a smaller step is lost in rounding, and that is another fault"}
  patience: {default: 3, unit: recorded steps, source: "a step at learning rate zero moves nothing; other parameters must move at the same steps"}
finds: Parameters in the optimizer whose gradient was not zero and whose update was exactly zero, at every recorded step at which others moved, `patience` steps at least.
matters: The optimizer holds another tensor than the model, or leaves this one out; this part of the model stays as initialised.
do: Make the optimizer after model.to(device), weight surgery or wrapping; do not replace parameters after that; look at the group's learning rate.
ignore: Parameters in half precision whose updates are lost in rounding (see lost_updates).
*/
with moved as (
    select recorded, bool_or(rms > 0) as any_moved
    from updates
    where split = 'train'
    group by recorded
),

zero_rate as (
    select regexp_extract(name, '([0-9]+)$', 1) as suffix, max(value) as rate
    from metrics
    where split = 'train' and regexp_matches(name, '^learning_rate(/[0-9]+)?$')
    group by suffix
),

rates as (
    select step, rate
    from learning_rates
),

still as (
    select
        updates.name,
        min(updates.step) as step,
        max(updates.last_step) as last_step,
        count(*) filter (gradients.rms * coalesce(rate, 1e-3) > $visible * gradients.weight_rms) as asked,
        count(*) filter (updates.rms > 0) as moves
    from updates
    join moved using (recorded)
    join gradients on gradients.name = updates.name and gradients.split = updates.split and gradients.recorded = updates.recorded
    left join rates on rates.step = updates.step
    where updates.split = 'train' and any_moved
    group by updates.name
)

select
    still.name as subject,
    still.step,
    still.last_step,
    asked as value,
    $patience as threshold,
    format('{} did not move at any of {} recorded steps at which it had a gradient and others moved', still.name, asked) as message
from still
join parameters on parameters.name = still.name
left join zero_rate on coalesce(nullif(zero_rate.suffix, ''), '0')::bigint = parameters.optimizer_group
where
    asked >= $patience
    and moves = 0
    and trainable
    and optimizer_group is not null
    and coalesce(zero_rate.rate, 1) > 0
    and coalesce(dtype, '') not in ('float16', 'bfloat16')
order by numel desc, subject
limit 50
