/*
title: Gradients that grow layer by layer toward the input
cause: exploding_gradient
strength: strong
severity: warning
explains: [unknown, learning_rate_too_high, nonfinite_forward, nonfinite_backward, dead_units, saturated_activation, ignores_input, weight_decay_too_high, class_imbalance]
reads:
  backward_signals: [near_input]
params:
  ratio: {default: 20, unit: first quarter of the layers over the last quarter, source: "AUTOTRAINER beta3: 70 between first and last layer, here between quarters; healthy runs of our zoo stay below 15"}
  layers: {default: 5, unit: layers, source: "fewer have no depth along which anything could grow"}
  share: {default: 0.7, unit: share of the neighbouring pairs that grow, source: "growth along the depth, not one odd layer"}
  patience: {default: 2, unit: recorded steps in a row, source: "a single step can be odd, but not the very first: it shows the initialisation"}
finds: A gradient of the activations near the input above `ratio` times the one near the output, growing along the depth, `patience` recorded steps in a row or at the very first.
matters: One learning rate cannot suit such layers; those near the input jump while those near the output stand still, and a step can throw the whole network off.
do: Normalisation or residual connections, an initialisation that keeps the scale (for recurrent weights orthogonal with gain 1), clipping of the gradient norm.
ignore: Optimizers that take the scale out of the gradient (Adam), as long as the loss falls.
*/
with judged as (
    select *, coalesce(near_output > 0 and near_input > $ratio * near_output and growing >= $share, false) as bad
    from backward_signals
    where layers >= $layers
),

stretches as (
    select *, recorded - row_number() over (partition by bad order by recorded) as stretch
    from judged
)

select
    arg_min(largest_name, recorded) as subject,
    min(step) as step,
    max(last_step) as last_step,
    max(near_input / near_output) as value,
    $ratio as threshold,
    format(
        'the gradient near the input is {:.0f} times the one near the output, over {} layers',
        least(max(near_input / near_output), 1e12),
        any_value(layers)
    ) as message
from stretches
where bad
group by stretch
having count(*) >= $patience or min(recorded) = 0
order by step
limit 1
