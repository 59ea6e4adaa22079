/*
title: A sample's output that changes when another sample does
cause: samples_mixed
strength: direct
severity: error
explains: [unknown, targets_leak, overfitting, ignores_input, class_imbalance]
reads:
  probes: [passed]
params: {}
finds: The batch-independence probe changed one sample of a batch and another sample's output moved by more than rounding.
matters: The model learns from its neighbours in the batch; what it predicts for a sample depends on which others come with it.
do: Look for a view or reshape where a permute is meant, a norm or softmax over dimension 0, or attention without a batch dimension, in the module named.
ignore: Losses and models that compare samples on purpose (contrastive heads, batch-wise attention).
*/
select
    subject,
    0 as step,
    step as last_step,
    value,
    tolerance as threshold,
    format(
        'changing one sample moves the output of another by {:.2g} of the output size{}',
        value,
        case when subject <> '' then ', first in ' || subject else '' end
    ) as message
from probes
where probe = 'batch_independence' and not passed
order by step, subject
