/*
title: A finite loss whose gradient is NaN or infinite
cause: nonfinite_backward
strength: strong
expected: true
severity: error
explains: [unknown, exploding_gradient, learning_rate_too_high, loss_scaling, nonfinite_forward, ignores_input, dead_units, class_imbalance]
reads:
  watched_tensors: [nonfinite]
params: {}
finds: The first tensor of the run to hold a NaN or infinity is a gradient, while the loss of that step was finite and nothing had grown out of proportion before.
matters: The next step turns all weights that this gradient reaches into NaN.
do: Look in the module named and what follows it for sqrt, norm, acos, pow or a division at a point without a slope (sqrt at 0, norm of a zero vector), and for torch.where over a branch that is NaN; add an epsilon inside the root, or select before computing.
ignore: Steps that a gradient scaler skips while its scale settles.
*/
with loss_there as (
    select loss
    from training_losses
    where step = (select step from first_nonfinite)
),

skipped as (
    select count(*) as times
    from events
    where kind = 'skipped_step' and step = (select step from first_nonfinite)
)

select
    tensor as subject,
    first_nonfinite.step,
    first_nonfinite.step as last_step,
    loss as value,
    null as threshold,
    format('the gradient of {} is NaN or infinite at step {} while the loss is {:.4g}', tensor, first_nonfinite.step, loss) as message
from first_nonfinite
left join loss_there on true
left join skipped on true
where
    kind in ('gradient', 'activation_gradient')
    and not diverged
    and coalesce(isfinite(loss), true)
    and (spent > 0 or exists (from weights where weights.nonfinite > 0 and weights.step > first_nonfinite.step))
    and coalesce(times, 0) = 0
order by first_nonfinite.step
