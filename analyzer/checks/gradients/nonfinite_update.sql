/*
title: Weights that turn NaN by a step whose gradient was finite
cause: optimizer_setting
strength: strong
severity: error
explains: [unknown, nonfinite_forward, nonfinite_backward, exploding_gradient, learning_rate_too_high]
reads:
  watched_tensors: [nonfinite]
params: {}
finds: The first tensor of the run to hold a NaN or infinity is a weight or an update, nothing had grown out of proportion before and the gradient of the step before was finite.
matters: The optimizer itself made the NaN; everything after that step is lost.
do: Look for an epsilon of 0 (0/0 for a weight without gradient), a negative learning rate or weight decay, beta of 1, and code that changes weights by hand between two steps.
ignore: Weights that were loaded as NaN from a checkpoint.
*/
with gradient_before as (
    select count(*) as nonfinite
    from gradient_norms
    where not isfinite(norm) and step between (select step from first_nonfinite) - 1 and (select step from first_nonfinite)
)

select
    tensor as subject,
    greatest(first_nonfinite.step - 1, 0) as step,
    first_nonfinite.step as last_step,
    null as value,
    null as threshold,
    format('{} is NaN or infinite at step {} though the gradients before it were finite', tensor, first_nonfinite.step) as message
from first_nonfinite, gradient_before
where kind in ('weight', 'update') and spent > 0 and not diverged and gradient_before.nonfinite = 0
order by first_nonfinite.step
