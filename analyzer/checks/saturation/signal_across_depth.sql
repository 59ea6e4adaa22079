/*
title: A signal that fades or swells from layer to layer at the start
cause: bad_initialization
strength: strong
severity: warning
explains: [unknown, vanishing_gradient, exploding_gradient, saturated_activation, dead_units, learning_rate_too_low, nonfinite_forward, model_too_small, ignores_input, weight_decay_too_high, class_imbalance]
reads:
  preactivations: [rms]
params:
  factor: {default: 1000, unit: largest over smallest rms, source: "SageMaker PoorWeightInitialization: a ratio of variances of 10 between layers; 1000 in rms is far beyond PyTorch's own default in ten layers"}
  layers: {default: 4, unit: layers, source: "fewer have no depth along which anything could fade"}
  share: {default: 0.75, unit: share of the neighbouring pairs, source: "a trend along the depth, not one odd layer"}
finds: At step 0, pre-activations whose rms falls or rises along the depth, by more than `factor` in all.
matters: Where the signal fades all samples look alike to the last layers; where it swells, outputs and gradients blow up. Training starts from a place that it may never leave.
do: Use an initialisation that keeps the scale (kaiming_normal_ for ReLU, xavier_uniform_ for tanh), or normalise.
ignore: Networks whose branches are scaled down on purpose.
*/
with start as (
    select name, depth, rms, row_number() over (order by depth, name) as place
    from preactivations
    where split = 'train' and step = 0 and activation not in ('softmax', 'log_softmax') and isfinite(rms) and rms > 0
),

pairs as (
    select
        *,
        lead(rms) over (order by place) as next_rms
    from start
),

summary as (
    select
        count(*) as layers,
        arg_min(rms, place) as first_rms,
        arg_max(rms, place) as last_rms,
        arg_max(name, place) as last_name,
        avg((next_rms < rms)::int) filter (next_rms is not null) as falling,
        avg((next_rms > rms)::int) filter (next_rms is not null) as rising
    from pairs
)

select
    last_name as subject,
    0 as step,
    0 as last_step,
    last_rms / first_rms as value,
    case when last_rms < first_rms then 1 / $factor else $factor end as threshold,
    format('at step 0 the pre-activations go from {:.3g} in the first layer to {:.3g} in the last of {}', first_rms, last_rms, layers) as message
from summary
where
    layers >= $layers
    and ((first_rms > $factor * last_rms and falling >= $share) or (last_rms > $factor * first_rms and rising >= $share))
order by step
