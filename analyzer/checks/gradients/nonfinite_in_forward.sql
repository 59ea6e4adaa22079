/*
title: An operation that makes NaN or infinity out of finite values
cause: nonfinite_forward
strength: strong
expected: true
severity: error
explains: [unknown, nonfinite_backward, exploding_gradient, learning_rate_too_high, loss_scaling, ignores_input, dead_units, class_imbalance]
reads:
  watched_tensors: [nonfinite]
params: {}
finds: The first tensor of the run to hold a NaN or infinity is an activation or pre-activation, or the loss of a finite output, and nothing had grown out of proportion before.
matters: From this step on loss, gradients and then all weights are NaN.
do: Look in the module named, and the one before it, for log or sqrt of zero or below, a division by a sum, norm or standard deviation that can be zero, exp of a large number, or a float16 overflow at 65504.
ignore: Infinities that are meant, such as masks before a softmax.
*/
with loss_there as (
    select loss
    from training_losses
    where step = (select step from first_nonfinite)
),

found as (
    select
        case when kind in ('activation', 'preactivation') then tensor else 'loss' end as subject,
        first_nonfinite.step,
        case
            when kind in ('activation', 'preactivation')
                then format('{} ({}) is the first tensor to hold a NaN or infinity, at step {}', tensor, kind, first_nonfinite.step)
            else format('the loss is {} at step {} though every activation before it is finite', loss, first_nonfinite.step)
        end as message
    from first_nonfinite
    left join loss_there on true
    where
        spent > 0
        and not diverged
        and (
            (kind in ('activation', 'preactivation') and not coalesce(activation = 'softmax' and kind = 'preactivation', false))
            or kind = 'loss'
            or (kind in ('gradient', 'activation_gradient') and not isfinite(loss))
        )
)

select
    subject,
    step,
    step as last_step,
    null as value,
    null as threshold,
    message
from found
order by step
