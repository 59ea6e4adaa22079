/*
title: Gradients that are exactly zero at every step
cause: disconnected_parameter
strength: strong
severity: error
explains: [unknown, frozen_parameter, parameter_not_optimized, learning_rate_too_low, vanishing_gradient, ignores_input]
reads:
  parameters: [gradient_steps]
params:
  patience: {default: 3, unit: recorded steps, source: "one zero gradient is normal behind weights that start at zero"}
finds: Trainable weight matrices whose gradient is exactly zero at every recorded step, while no activation of the run was silent from the start.
matters: Something on the way from the loss multiplies by zero or has no slope; the layer never moves.
do: Look for round, floor, sign, argmax, a comparison, a mask of zeros, or a branch weight of zero after this layer.
ignore: Rows of an embedding that never occur; experts of a mixture that are never chosen.
*/
with silent as (
    select count(*) as layers
    from activations
    where split = 'train' and recorded <= 1 and (rms = 0 or silent_units >= 0.9 * units)
)

select
    name as subject,
    first_step as step,
    last_step,
    gradient_steps as value,
    $patience as threshold,
    format('the gradient of {} is exactly zero at all {} recorded steps', name, gradient_steps) as message
from parameters, silent
where
    trainable
    and optimized
    and dimensions >= 2
    and not sparse
    and gradient_steps >= $patience
    and live_gradient_steps = 0
    and layers = 0
    and first_rms > 0
order by depth desc, name
limit 50
