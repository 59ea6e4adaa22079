/*
title: An output that does not depend on the input
cause: ignores_input
strength: direct
severity: error
explains: [unknown, disconnected_parameter, class_imbalance, model_too_small]
reads:
  probes: [probe]
params:
  spread: {default: 0.001, unit: share of the spread of a guess, source: "constant_output: an output that is the same for all samples"}
finds: The zero-input probe replaced the inputs by zeros and the outputs stayed the same; since the start, where no training output ever differed from another, else since the probe.
matters: Whatever the model predicts comes from its biases; it cannot do better than a constant.
do: Follow the input through the first modules; look for a result that is thrown away, a detach, a multiplication by zero, dead units in the first layers, or inputs that are equal for all samples.
ignore: Nothing; a model that learns from its input reacts to it.
*/
with outputs as (
    select max(spread) <= $spread as never_differed
    from output_spreads
    where split = 'train' and samples > 1
)

select
    subject,
    if(coalesce((from outputs), false), 0, coalesce(step, 0)) as step,
    step as last_step,
    value,
    reference as threshold,
    format('with zeros in place of the inputs the loss is {:.4g} instead of {:.4g}, and the outputs do not change', reference, value) as message
from probes
where probe = 'zero_input' and passed = false
order by step, subject
