/*
title: Gradients that are exactly zero at every step
cause: disconnected_parameter
strength: direct
severity: error
explains: [unknown, frozen_parameter, parameter_not_optimized, learning_rate_too_low, vanishing_gradient, model_too_small]
reads:
  parameters: [gradient_steps]
params:
  share: {default: 0.2, unit: share of the weights, source: "an expert that is never chosen, or a head that is not used, is smaller"}
  patience: {default: 3, unit: recorded steps, source: "one zero gradient is normal behind weights that start at zero"}
finds: Trainable weight matrices, before all those with a gradient or at least `share` of the weights, whose gradient is exactly zero at every recorded step, while other parameters have one and no activation was silent or saturated from the start.
matters: Something on the way from the loss multiplies by zero or has no slope; the layer never moves.
do: Look for round, floor, sign, argmax, a comparison, a mask of zeros, or a branch weight of zero after this layer.
ignore: Rows of an embedding that never occur; experts of a mixture that are never chosen.
*/
with blocked as (
    select count(*) as layers
    from (
        select name from activations where split = 'train' and recorded <= 1 and (rms = 0 or silent_units >= 0.9 * units)
        union all
        select name from bounded_layers where recorded <= 1 and flat >= 0.9
    )
),

reached as (
    select min(depth) as first
    from parameters
    where live_gradient_steps > 0
),

still as (
    select
        parameters.*,
        sum(parameters.numel) over () / (select sum(numel) from parameters) as weights
    from parameters, blocked
    where
        trainable
        and optimized
        and dimensions >= 2
        and not sparse
        and gradient_steps >= $patience
        and live_gradient_steps = 0
        and layers = 0
        and first_rms > 0
)

select
    name as subject,
    first_step as step,
    last_step,
    gradient_steps as value,
    $patience as threshold,
    format('the gradient of {} is exactly zero at all {} recorded steps', name, gradient_steps) as message
from still
cross join reached
where reached.first is not null and (coalesce(depth < reached.first, true) or weights >= $share)
order by depth desc, name
limit 50
