/*
title: Weights that start at a scale unfit for the width of their layers
cause: bad_initialization
strength: strong
severity: warning
explains: [unknown, vanishing_gradient, exploding_gradient, saturated_activation, dead_units, learning_rate_too_low, nonfinite_forward, model_too_small, ignores_input, weight_decay_too_high, class_imbalance]
reads:
  weights: [rms]
  parameters: [dimensions]
params:
  largest: {default: 4, unit: std times the root of the fan-in, source: "He 1.41, Glorot for tanh 1.67, PyTorch's default 0.58: 4 multiplies the signal by about 3 in each ReLU layer"}
  smallest: {default: 0.05, unit: std times the root of the fan-in, source: "a tenth of PyTorch's default; GPT-2's 0.02 in a width of 64 is 0.16"}
  share: {default: 0.5, unit: share of the matrices, source: "one odd layer may be meant so"}
finds: At step 0, at least `share` of the weight matrices with a standard deviation times the root of the fan-in above `largest` or below `smallest`.
matters: Each layer multiplies the signal, and the gradient on its way back, by about that factor; over the depth it blows up or fades.
do: Use an initialisation that divides by the root of the fan-in (kaiming_normal_, xavier_uniform_); look for std given where a variance was meant.
ignore: Networks that are meant to start near zero, with normalisation after each layer.
*/
with start as (
    select
        weights.name,
        parameters.depth,
        std * sqrt(parameters.numel / parameters.shape[1]) as gain
    from weights
    join parameters using (name)
    where
        split = 'train'
        and weights.step = 0
        and dimensions >= 2
        and parameters.trainable
        and not sparse
        and parameters.numel / parameters.shape[1] >= 4
        and weights.rms > 0
),

counted as (
    select
        count(*) as matrices,
        count(*) filter (gain > $largest) as large,
        count(*) filter (gain < $smallest) as small,
        median(gain) as usual,
        arg_max(name, gain) as largest_name,
        arg_min(name, gain) as smallest_name,
        arg_min(name, depth) filter (gain > $largest or gain < $smallest) as first_name
    from start
)

select
    first_name as subject,
    0 as step,
    0 as last_step,
    usual as value,
    case when large >= small then $largest else $smallest end as threshold,
    format(
        '{} of {} weight matrices start too {}: their standard deviation is {:.2g} over the root of the fan-in',
        greatest(large, small),
        matrices,
        case when large >= small then 'large' else 'small' end,
        usual
    ) as message
from counted
where greatest(large, small) >= $share * matrices and greatest(large, small) > 0
order by step
