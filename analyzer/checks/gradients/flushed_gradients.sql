/*
title: Half-precision gradients flushed to zero
cause: loss_scaling
strength: strong
severity: warning
explains: [unknown, learning_rate_too_low, vanishing_gradient, disconnected_parameter, parameter_not_optimized, dead_units]
reads:
  gradients: [zeros, rms]
params:
  share: {default: 0.5, unit: share of the values, source: "Micikevicius et al. 2018: without a loss scale 5 % and more of float16 gradients turn to zero; half is far beyond"}
  small: {default: 1.0e-5, unit: rms of the gradient, source: "below 6e-5 float16 loses digits, below 6e-8 it is zero"}
  patience: {default: 3, unit: recorded steps, source: "one batch can be special"}
finds: Gradients in float16 of which at least `share` of the values are exactly zero while the others are near the smallest number that float16 has.
matters: Gradients that small are rounded to zero; these weights are not told where to go.
do: Scale the loss (torch.amp.GradScaler), keep the weights in float32, or use bfloat16.
ignore: ReLU layers with many silent units, whose gradients are zero in any precision.
*/
select
    gradients.name as subject,
    min(step) as step,
    max(gradients.last_step) as last_step,
    median(zeros / count) as value,
    $share as threshold,
    format(
        '{:.0f} % of the float16 gradient of {} is exactly zero, the rest is about {:.1g}',
        100 * median(zeros / count),
        gradients.name,
        median(rms)
    ) as message
from gradients
join parameters using (name)
where
    split = 'train'
    and coalesce(gradients.dtype, parameters.dtype) = 'float16'
    and zeros >= $share * count
    and rms < $small
    and not sparse
    and parameters.dimensions >= 2
group by gradients.name
having count(*) >= $patience
order by step, subject
limit 50
