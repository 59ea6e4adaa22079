/*
title: Parameters with a gradient that are in no optimizer
cause: parameter_not_optimized
strength: direct
severity: error
explains: [unknown, frozen_parameter, learning_rate_too_low, overfitting, ignores_input]
reads:
  parameters: [optimizer_group]
  gradients: [rms]
params:
  patience: {default: 2, unit: recorded steps, source: "shown by the log, not estimated; two against a chance overlap"}
finds: Trainable parameters that get a gradient, belong to no parameter group and did not move.
matters: The loss asks them to move and nothing moves them; they stay as initialised.
do: Give the optimizer all parameters; modules kept in a plain list or added after the optimizer was made are not in model.parameters() or not in its groups.
ignore: Parameters that another optimizer, unknown to the recorder, takes care of, or that are kept fixed on purpose (then set requires_grad to False).
*/
select
    name as subject,
    first_step as step,
    last_step,
    live_gradient_steps as value,
    $patience as threshold,
    format('{} has a gradient at {} recorded steps but is in no parameter group ({} such parameters)', name, live_gradient_steps, count(*) over ()) as message
from parameters
where trainable and optimizer_group is null and not optimized and live_gradient_steps >= $patience and live_update_steps = 0
order by numel desc, depth, name
limit 50
