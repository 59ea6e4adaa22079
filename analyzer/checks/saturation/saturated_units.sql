/*
title: Units that are saturated for every sample
cause: saturated_activation
strength: strong
severity: warning
explains: [unknown, vanishing_gradient, dead_units, learning_rate_too_low, model_too_small, ignores_input, disconnected_parameter, parameter_not_optimized, weight_decay_too_high, class_imbalance]
reads:
  bounded_layers: [flat_units]
params:
  share: {default: 0.3, unit: share of a layer's units, source: "below the layer-wide half of saturated_layers: a unit saturated for every sample of a step carries no information at all"}
  patience: {default: 3, unit: recorded steps in a row, source: "a single batch can be odd"}
finds: Hidden tanh and sigmoid layers of which at least `share` of the units were in their flat part for every sample, `patience` recorded steps in a row, up to the end.
matters: Such a unit is a constant, and no gradient passes through it to bring it back.
do: Look at what grew just before the onset (weights, biases, learning rate); lower the rate or normalise before the activation.
ignore: Gates that are meant to stay open.
*/
with flagged as (
    select *, flat_units >= $share as bad
    from bounded_layers
    where flat_units is not null
),

last_good as (
    select name, coalesce(max(recorded) filter (not bad), -1) as recorded
    from flagged
    group by name
)

select
    name as subject,
    min(step) as step,
    max(last_step) as last_step,
    arg_max(flat_units, step) as value,
    $share as threshold,
    format(
        '{:.0f} % of the units of {} ({}) are saturated for every sample since step {}',
        100 * arg_max(flat_units, step),
        name,
        any_value(activation),
        min(step)
    ) as message
from flagged
join last_good using (name)
where flagged.recorded > last_good.recorded
group by name
having count(*) >= $patience
order by step, subject
limit 50
