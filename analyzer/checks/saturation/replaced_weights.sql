/*
title: Weights thrown away by the first steps
cause: learning_rate_too_high
strength: strong
severity: warning
explains: [unknown, dead_units, saturated_activation, exploding_gradient, nonfinite_forward, nonfinite_backward, vanishing_gradient, ignores_input, model_too_small, overfitting, weight_decay_too_high, class_imbalance]
reads:
  step_sizes: [overwritten]
  learning: [losses]
params:
  once: {default: 2, unit: update over weight, source: "RMSprop's first step is ten times the rate and comes to 0.6 in healthy runs of our zoo"}
  twice: {default: 1, unit: update over weight, source: "the textbook: 1 % of the weight, not 50 %"}
finds: A recorded step that changed the median weight matrix by more than `once` times its size, or two that changed it by more than `twice`, however the loss went.
matters: Nothing of the initialisation is left after such a step; what the run learned it learned from a far worse start, with units that died on the way.
do: Divide the learning rate by ten to a hundred, or warm it up; aim at updates between 1e-3 and 1e-2 of the weights.
ignore: Nothing; L-BFGS, whose line search looks before it leaps, is left out.
*/
select
    arg_max(largest_name, overwritten) as subject,
    min(step) as step,
    max(last_step) as last_step,
    max(overwritten) as value,
    $once as threshold,
    format('a step changes the weights by up to {:.0f} % of their size, first at step {}', 100 * least(max(overwritten), 1e9), min(step)) as message
from step_sizes
where overwritten > $twice and not exists (from optimizer_groups where type = 'LBFGS')
having max(overwritten) > $once or count(*) >= 2
order by step
