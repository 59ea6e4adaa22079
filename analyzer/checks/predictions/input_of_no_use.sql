/*
title: A trained model that does no better with the input than without
cause: ignores_input
strength: symptom
severity: warning
explains: [unknown]
reads:
  probes: [probe]
params:
  steps: {default: 100, unit: steps, source: "at the start every model is in this state"}
finds: After `steps` training steps the zero-input probe found a loss with the real inputs that is no lower than with zeros.
matters: The model has learned the shares of the classes or the mean of the targets, and nothing from its input.
do: Look at the labels (are they paired with their inputs?) and at the first layers (does a signal come through?).
ignore: A probe that was run before training.
*/
select
    subject,
    step,
    step as last_step,
    value,
    reference as threshold,
    format('after {} steps the loss is {:.4g} with the real inputs and {:.4g} with zeros in their place', step, value, reference) as message
from probes
where probe = 'zero_input' and passed is null and step >= $steps and value is not null and reference is not null
order by step, subject
