/*
title: Inputs on a raw scale
cause: inputs_not_normalized
strength: strong
expected: true
severity: warning
explains: [unknown, label_errors, saturated_activation, dead_units, exploding_gradient, learning_rate_too_high, bad_initialization, vanishing_gradient, model_too_small, learning_rate_too_low, ignores_input, gradient_clipped_away, class_imbalance]
reads:
  model_inputs: [rms]
params:
  size: {default: 12, unit: root mean square of an input, source: "raw pixels (0..255) have about 100, raw measurements hundreds; standardized data 1; 0..16 images, spectra and counts up to 10 do no harm"}
  signal: {default: 5, unit: root mean square of what the first layer gives, source: "initialisations keep it near 1 for standardized inputs"}
finds: An input of the model of a floating type whose typical root mean square is above `size`, where neither a normalization comes first nor the first layer brings it back below `signal`.
matters: The first layer's outputs and gradients are as many times too large. Units saturate or die, and one learning rate cannot suit this layer and the others.
do: Subtract the mean and divide by the standard deviation of the training data, feature by feature (images, channel by channel), in training and evaluation alike.
ignore: Inputs that are meant to be large and whose first layer is initialised for it.
*/
with inputs_of_training as (
    select name, median(rms) as size, min("min") as "min", max("max") as "max"
    from model_inputs
    where split = 'train' and regexp_matches(dtype, 'float') and isfinite(rms)
    group by name
),

first_layer as (
    select module, module_type
    from tensors
    where kind in ('weight', 'preactivation', 'activation') and depth is not null
    order by depth, kind <> 'weight'
    limit 1
),

first_signal as (
    -- What the first layer makes of its input: its own output where that was recorded, else what the first activation function gets.
    select arg_min(rms, (step, depth)) as rms
    from (
        select step, depth, rms, split from preactivations
        union all
        select step, depth, rms, split from activations where module in (select module from tensors where kind = 'weight')
    )
    where split = 'train' and isfinite(rms)
)

select
    'train' as subject,
    0 as step,
    null::bigint as last_step,
    size as value,
    $size as threshold,
    format('the model is given {} with a root mean square of {:.4g}, from {:.4g} to {:.4g}', name, size, "min", "max") as message
from inputs_of_training
where
    size > $size
    and not exists (from first_layer where regexp_matches(module_type, 'Norm|Embedding'))
    -- A recurrent layer gives numbers between -1 and 1 whatever it gets.
    and (exists (from first_layer where regexp_matches(module_type, 'RNN|LSTM|GRU')) or not coalesce((select rms < $signal from first_signal), false))
order by size desc, name
limit 1
