/*
title: Most of the model is frozen
cause: frozen_parameter
strength: symptom
severity: info
explains: []
reads:
  parameters: [trainable]
params:
  share: {default: 0.5, unit: share of the weights, source: "most of a model"}
finds: Parameters with requires_grad off that make up at least `share` of the weights.
matters: Only the rest learns; right for fine-tuning, a mistake when training from scratch.
do: If this is not meant, set requires_grad to True before the optimizer is made.
ignore: Fine-tuning with a frozen body.
*/
with counted as (
    select
        sum(numel) filter (not trainable) / sum(numel) as frozen,
        count(*) filter (not trainable) as tensors,
        arg_max(name, numel) filter (not trainable) as largest,
        min(first_step) as step,
        max(last_step) as last_step
    from parameters
)

select
    largest as subject,
    step,
    last_step,
    frozen as value,
    $share as threshold,
    format('{:.0f} % of the weights are frozen ({} tensors)', 100 * frozen, tensors) as message
from counted
where frozen >= $share
order by step
