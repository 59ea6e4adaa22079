/*
title: Updates that are lost in the rounding of the weights
cause: loss_scaling
strength: strong
severity: warning
explains: [unknown, learning_rate_too_low, parameter_not_optimized]
reads:
  updates: [zeros, count]
  gradients: [zeros]
params:
  share: {default: 0.8, unit: share of the values, source: "in half precision a step below 2^-9 (bfloat16) or 2^-12 (float16) of the weight changes nothing"}
  dense: {default: 0.5, unit: share of the values, source: "gradients that are not zero for at least half of the values are no matter of sparsity"}
  patience: {default: 3, unit: recorded steps, source: "holds from step to step while weights are this large against their updates"}
finds: Weights in half precision of which at least `share` of the values did not change, though the gradient was not zero for most of them.
matters: Most of each step is rounded away; the model stops learning at a rate that would work in float32.
do: Keep the weights in float32 and use autocast for the computation, or an optimizer with float32 master weights or stochastic rounding.
ignore: Nothing, if the loss is still expected to fall.
*/
select
    updates.name as subject,
    min(updates.step) as step,
    max(updates.last_step) as last_step,
    median(updates.zeros / updates.count) as value,
    $share as threshold,
    format(
        '{:.0f} % of the values of {} ({}) do not change in a step',
        100 * median(updates.zeros / updates.count),
        updates.name,
        any_value(updates.dtype)
    ) as message
from updates
join gradients on gradients.name = updates.name and gradients.split = updates.split and gradients.recorded = updates.recorded
join parameters on parameters.name = updates.name
where
    updates.split = 'train'
    and parameters.dtype in ('float16', 'bfloat16')
    and updates.zeros >= $share * updates.count
    and gradients.zeros <= (1 - $dense) * gradients.count
    and parameters.dimensions >= 2
group by updates.name
having count(*) >= $patience
order by step, subject
limit 50
