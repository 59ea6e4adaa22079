/*
title: Layers that the gradient does not reach
cause: disconnected_parameter
strength: direct
severity: error
explains: [unknown, frozen_parameter, parameter_not_optimized, learning_rate_too_low, vanishing_gradient, model_too_small]
reads:
  parameters: [recorded_steps]
  gradients: [rms]
params:
  share: {default: 0.2, unit: share of the weights, source: "a part at the end of a submodule that the loss does not use (the pooler of a pretrained encoder) is smaller"}
  patience: {default: 2, unit: recorded steps, source: "an accumulation step or a branch in turn has a gradient at the next"}
finds: Trainable parameters in the optimizer that never had a gradient, in layers that run before all those that have one, or before one beside them in the same module that has, or that hold at least `share` of the weights.
matters: These layers keep the values they were initialised with; what comes after them has to make do with random features.
do: Look between this layer and the next one that has a gradient for detach(), no_grad(), .data, .item(), numpy, argmax or round, or a tensor made anew with torch.tensor().
ignore: A branch that is switched off on purpose; take its parameters out of the optimizer or set requires_grad to False.
*/
with reached as (
    select min(depth) as first, max(depth) as deepest
    from parameters
    where live_gradient_steps > 0
),

without as (
    select
        parameters.*,
        depth < reached.first as before_all,
        sum(numel) over () / (select sum(numel) from parameters) as weights
    from parameters, reached
    where trainable and optimized and module_type <> '' and gradient_steps = 0 and recorded_steps >= $patience and depth < reached.deepest
)

select
    name as subject,
    first_step as step,
    last_step,
    recorded_steps as value,
    $patience as threshold,
    format(
        '{} had no gradient at any of {} recorded steps, though layers after it have one ({} such parameters)',
        name,
        recorded_steps,
        count(*) over ()
    ) as message
from without
where before_all or followed or weights >= $share
order by depth desc, numel desc, name
limit 50
