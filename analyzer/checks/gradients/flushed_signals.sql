/*
title: Half-precision gradients that turn to zero on their way back
cause: loss_scaling
strength: strong
severity: error
explains: [unknown, learning_rate_too_low, vanishing_gradient, disconnected_parameter, parameter_not_optimized, ignores_input, weight_decay_too_high, dead_units, class_imbalance]
reads:
  activation_gradients: [zeros, count, rms]
params:
  share: {default: 0.9, unit: share of the values, source: "Micikevicius et al. 2018: without a loss scale 5 % and more of float16 gradients turn to zero; a ReLU alone gives half"}
  small: {default: 1.0e-5, unit: rms of the gradient, source: "below 6e-5 float16 loses digits, below 6e-8 it is zero"}
  layers: {default: 0.5, unit: share of the float16 layers, source: "the fault of the precision and not of one layer"}
  patience: {default: 3, unit: recorded steps, source: "one batch can be special"}
finds: Activations in float16 whose gradients are exactly zero in at least `share` of the values and tiny in the others, in `layers` of the layers, though the activations themselves are alive.
matters: What the loss says is rounded to zero before it reaches the weights.
do: Scale the loss (torch.amp.GradScaler), or use bfloat16.
ignore: Nothing, if the loss is still expected to fall.
*/
with alive as (
    select name, recorded
    from activations
    where split = 'train' and rms > 0 and zeros < 0.95 * count
),

judged as (
    select
        activation_gradients.name,
        activation_gradients.recorded,
        activation_gradients.step,
        activation_gradients.last_step,
        activation_gradients.depth,
        activation_gradients.zeros / activation_gradients.count as zero_share,
        activation_gradients.zeros >= $share * activation_gradients.count and activation_gradients.rms < $small as flushed
    from activation_gradients
    join alive using (name, recorded)
    where activation_gradients.split = 'train' and activation_gradients.dtype = 'float16' and activation_gradients.count > 0
),

by_step as (
    select
        recorded,
        min(step) as step,
        max(last_step) as last_step,
        avg(flushed::int) as layers,
        avg(zero_share) filter (flushed) as zero_share,
        arg_max(name, depth) filter (flushed) as name
    from judged
    group by recorded
)

select
    arg_min(name, recorded) as subject,
    min(step) as step,
    max(last_step) as last_step,
    median(zero_share) as value,
    $share as threshold,
    format(
        '{:.1f} % of the float16 gradient values are exactly zero in {:.0f} % of the layers, from {} back to the input',
        100 * median(zero_share),
        100 * median(layers),
        arg_min(name, recorded)
    ) as message
from by_step
where layers >= $layers
having count(*) >= $patience
order by step
