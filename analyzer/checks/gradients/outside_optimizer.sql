/*
title: Parameters with a gradient that are in no optimizer
cause: parameter_not_optimized
strength: direct
severity: error
explains: [unknown, frozen_parameter, learning_rate_too_low, overfitting, ignores_input, class_imbalance]
reads:
  parameters: [optimizer_group]
  gradients: [rms]
  events: [kind]
params:
  patience: {default: 2, unit: recorded steps, source: "shown by the log, not estimated; two against a chance overlap"}
  still: {default: 1.0e-6, unit: share of its rms, source: "float32 has 6e-8; sums over many values differ by more"}
finds: Parameters that get a gradient, belong to no parameter group and did not move. One that was frozen at first counts from the step on at which it was thawed for good.
matters: The loss asks them to move and nothing moves them; they stay as initialised.
do: Give the optimizer all parameters; modules kept in a plain list or added, or thawed, after the optimizer was made are not in model.parameters() or not in its groups (add_param_group puts them there).
ignore: Parameters that another optimizer, unknown to the recorder, takes care of, or that are kept fixed on purpose (then set requires_grad to False).
*/
with thawed as (
    select details ->> 'tensor' as name, max(step) as step
    from events
    where kind = 'trainable'
    group by details ->> 'tensor'
    having arg_max((details ->> 'trainable')::boolean, coalesce(step, -1))
),

left_out as (
    select parameters.*, if(trainable, first_step, thawed.step) as since
    from parameters
    left join thawed using (name)
    where (trainable or abs(last_rms - first_rms) <= $still * first_rms) and optimizer_group is null and not optimized and live_update_steps = 0
),

asked as (
    select left_out.name, count(*) as live_steps
    from left_out
    join gradients on gradients.name = left_out.name and gradients.split = 'train' and gradients.step >= left_out.since
    where gradients.rms > 0 or gradients.nonfinite > 0
    group by left_out.name
)

select
    name as subject,
    since as step,
    last_step,
    live_steps as value,
    $patience as threshold,
    format('{} has a gradient at {} recorded steps but is in no parameter group ({} such parameters)', name, live_steps, count(*) over ()) as message
from left_out
join asked using (name)
where live_steps >= $patience
order by numel desc, depth, name
limit 50
