/*
title: A layer that was in its flat part from the first step to the last
cause: saturated_activation
strength: strong
severity: warning
explains: [unknown, vanishing_gradient, dead_units, learning_rate_too_low, model_too_small, ignores_input, disconnected_parameter, parameter_not_optimized, weight_decay_too_high, stopped_too_early, class_imbalance]
reads:
  bounded_layers: [flat]
  matrix_steps: [gradient_ratio]
  learning: [first_loss]
  loss_windows: [median]
params:
  share: {default: 0.9, unit: share of the values, source: "what is left moves a gradient of the flat part by less than a factor of ten"}
  patience: {default: 3, unit: recorded steps, source: "a single batch can be odd"}
  starved: {default: 1.0e-3, unit: gradient-to-weight ratio before over after the layer, source: "AUTOTRAINER beta1: 1e-3 between first and last layer"}
  progress: {default: 0.5, unit: share of the first loss, source: "a loss that was down to this for half of the run is learned without what the layer shuts out"}
finds: Hidden tanh and sigmoid layers of which at least `share` of the values lie in the flat part at every recorded step, while all weight matrices before them get less than `starved` of the gradient of those after, in a run whose loss was not down to `progress` of its first level for most of its steps.
matters: The layer is a constant; what comes before it is shut out, and what comes after it learns the shares of the targets at best.
do: Look at how the layer starts, first at its bias; start a gate near the middle of its slope, or half open where it should carry much from the first step.
ignore: Gates that are shut on purpose for a first phase of training.
*/
with shut as (
    select
        name,
        activation,
        min(depth) as depth,
        min(step) as step,
        max(last_step) as last_step,
        count(*) as recorded_steps,
        min(flat) as least,
        arg_min(abs_mean, step) as first_abs_mean
    from bounded_layers
    group by name, activation
    having min(flat) >= $share and count(*) >= $patience
),

gradients_beside as (
    select
        shut.name,
        matrix_steps.recorded,
        max(gradient_ratio) filter (matrix_steps.depth < shut.depth) as before,
        max(gradient_ratio) filter (matrix_steps.depth > shut.depth) as after
    from shut, matrix_steps
    where nonfinite = 0
    group by shut.name, matrix_steps.recorded
),

starving as (
    select name, median(before / after) as share
    from gradients_beside
    where after > 0
    group by name
)

select
    name as subject,
    step,
    last_step,
    least as value,
    $share as threshold,
    format(
        'at least {:.0f} % of the values of {} ({}) are in the flat part at all {} recorded steps, mean |z| {:.3g} at the first, and what is before it gets {:.1g} of the gradient of what is after',
        100 * least, name, activation, recorded_steps, first_abs_mean, share
    ) as message
from shut
join starving using (name)
cross join learning
where share < $starved and (select median(median) from loss_windows where losses > 0) > $progress * first_loss
order by step, subject
limit 50
