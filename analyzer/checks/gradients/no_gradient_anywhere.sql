/*
title: Every gradient exactly zero at every step
cause: disconnected_parameter
strength: strong
severity: error
explains: [unknown, frozen_parameter, parameter_not_optimized, learning_rate_too_low, vanishing_gradient, weight_decay_too_high]
reads:
  parameters: [gradient_steps]
params:
  patience: {default: 3, unit: recorded steps, source: "one zero gradient is normal behind weights that start at zero"}
finds: A model whose trainable parameters all have a gradient that is exactly zero at every recorded step.
matters: Nothing is ever learned. The loss has no slope in the outputs, or the outputs have none in the weights.
do: Look at the last steps before the loss first - a softmax over one output, round, sign or argmax, a clamp whose bounds all outputs lie beyond, a mask of zeros, a loss that is zero whatever comes in.
ignore: Nothing.
*/
with trained as (
    select count(*) as parameters, max(live_gradient_steps) as live, max(gradient_steps) as gradient_steps, min(first_step) as step, max(last_step) as last_step
    from parameters
    where trainable and optimized
)

select
    '' as subject,
    step,
    last_step,
    gradient_steps as value,
    $patience as threshold,
    format('the gradients of all {} parameters are exactly zero at all {} recorded steps', parameters, gradient_steps) as message
from trained
where parameters > 0 and live = 0 and gradient_steps >= $patience
order by step
