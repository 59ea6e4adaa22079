/*
title: An operation that makes NaN or infinity out of finite values
cause: nonfinite_forward
strength: strong
severity: error
explains: [unknown, nonfinite_backward, exploding_gradient, learning_rate_too_high, loss_scaling]
reads:
  first_nonfinite: [step]
params: {}
finds: The first tensor of the run to hold a NaN or infinity is an activation or pre-activation, or the loss of a finite output, and nothing had grown out of proportion before.
matters: From this step on loss, gradients and then all weights are NaN.
do: Look in the module named, and the one before it, for log or sqrt of zero or below, a division by a sum, norm or standard deviation that can be zero, exp of a large number, or a float16 overflow at 65504.
ignore: Infinities that are meant, such as masks before a softmax.
*/
with loss_first as (
    select min(step) as step
    from training_losses
    where not isfinite(loss)
),

from_tensor as (
    select tensor as subject, step, kind, module, activation
    from first_nonfinite
    where kind in ('activation', 'preactivation') and spent > 0 and not diverged and not coalesce(activation = 'softmax' and kind = 'preactivation', false)
)

select
    subject,
    step,
    step as last_step,
    null as value,
    null as threshold,
    format('{} ({}) is the first tensor to hold a NaN or infinity, at step {}', subject, kind, step) as message
from from_tensor
order by step
