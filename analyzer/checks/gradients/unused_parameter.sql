/*
title: Trainable parameters that take no part in the loss
cause: disconnected_parameter
strength: strong
severity: warning
explains: [frozen_parameter, parameter_not_optimized]
reads:
  parameters: [recorded_steps]
  gradients: [rms]
params:
  share: {default: 0.2, unit: share of the weights, source: "larger parts than this are looked at by missing_gradient"}
  patience: {default: 2, unit: recorded steps, source: "an accumulation step or a branch in turn has a gradient at the next"}
finds: Trainable parameters in the optimizer that never had a gradient, in layers that are not used, after which nothing has one, or that stand beside the main path.
matters: They are dead weight at best; at worst the result that they compute was meant to be used.
do: Use their output, or leave them out of the model.
ignore: Heads of a pretrained model that this task does not use.
*/
with reached as (
    select min(depth) as first, max(depth) as deepest
    from parameters
    where live_gradient_steps > 0
),

without as (
    select
        parameters.*,
        depth is null or depth >= reached.deepest as after_all,
        depth < reached.first as before_all,
        sum(numel) filter (depth < reached.deepest) over () / (select sum(numel) from parameters) as weights
    from parameters, reached
    where trainable and optimized and module_type <> '' and gradient_steps = 0 and recorded_steps >= $patience
)

select
    name as subject,
    first_step as step,
    last_step,
    recorded_steps as value,
    $patience as threshold,
    format('{} had no gradient at any of {} recorded steps; the loss does not use what it computes', name, recorded_steps) as message
from without
where after_all or not (before_all or followed or weights >= $share)
order by numel desc, name
limit 50
