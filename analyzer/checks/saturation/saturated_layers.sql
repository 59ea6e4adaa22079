/*
title: Activations driven into their flat part
cause: saturated_activation
strength: strong
expected: true
severity: warning
explains: [unknown, vanishing_gradient, dead_units, learning_rate_too_low, model_too_small, ignores_input, disconnected_parameter, parameter_not_optimized, weight_decay_too_high, class_imbalance]
reads:
  bounded_layers: [flat, abs_mean]
params:
  share: {default: 0.5, unit: share of the values, source: "SageMaker Debugger and DeepDiagnosis: more than half"}
  patience: {default: 3, unit: recorded steps in a row, source: "a single batch can be odd"}
finds: Hidden tanh and sigmoid layers of which at least `share` of the values lie where the derivative is below 1 % of its largest (tanh |z| > 3, sigmoid |z| > 6), `patience` recorded steps in a row, up to the end.
matters: Almost no gradient comes back through such a layer; what lies before it stands still.
do: Look at what grew just before the onset (weights, inputs, learning rate); lower the rate, scale the inputs, normalise before the activation.
ignore: Gates that are meant to be open or shut, and outputs.
*/
with flagged as (
    select *, flat >= $share as bad
    from bounded_layers
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
    arg_max(flat, step) as value,
    $share as threshold,
    format(
        '{:.0f} % of the values of {} ({}) are saturated since step {}; mean |z| is {:.3g}',
        100 * arg_max(flat, step),
        name,
        any_value(activation),
        min(step),
        arg_max(abs_mean, step)
    ) as message
from flagged
join last_good using (name)
where flagged.recorded > last_good.recorded
group by name
having count(*) >= $patience
order by step, subject
limit 50
