/*
title: An output that does not depend on the input
cause: ignores_input
strength: direct
severity: error
explains: [unknown, disconnected_parameter, class_imbalance, model_too_small]
reads:
  probes: [probe]
params: {}
finds: The zero-input probe replaced the inputs by zeros and the outputs stayed the same.
matters: Whatever the model predicts comes from its biases; it cannot do better than a constant.
do: Follow the input through the first modules; look for a result that is thrown away, a detach, a multiplication by zero, dead units in the first layers, or inputs that are equal for all samples.
ignore: Nothing; a model that learns from its input reacts to it.
*/
select
    subject,
    coalesce(step, 0) as step,
    step as last_step,
    value,
    reference as threshold,
    format('with zeros in place of the inputs the loss is {:.4g} instead of {:.4g}, and the outputs do not change', reference, value) as message
from probes
where probe = 'zero_input' and passed = false
order by step, subject
