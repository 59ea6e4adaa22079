/*
title: A cross-entropy below zero
cause: target_out_of_range
strength: strong
severity: error
explains: [unknown, loss_formula, exploding_gradient, learning_rate_too_high, ignores_input, class_imbalance]
reads:
  run_facts: [loss]
  batches: [loss_sum]
params:
  margin: {default: 0.001, unit: loss, source: "rounding of float32 stays far below"}
  patience: {default: 3, unit: forward passes, source: "a single odd step is no finding"}
finds: Forward passes whose declared cross-entropy is negative, at least `patience` of them.
matters: A cross-entropy of proper targets cannot be negative. Targets outside 0 to 1 make it so, and it then has no lower bound, so that the loss falls without end while nothing is learned.
do: Look at the smallest and largest target that reaches the loss; scale labels such as 1/2 or 0..255 to 0..1.
ignore: A loss that only bears the name of a cross-entropy.
*/
select
    split as subject,
    min(step) as step,
    max(step) as last_step,
    min(loss_sum / elements) as value,
    -$margin as threshold,
    format('{} of {} is {:.4g} at step {}, and below zero in {} forward passes', any_value(run_facts.loss), split, min(loss_sum / elements), arg_min(step, loss_sum / elements), count(*)) as message
from batches, run_facts
where run_facts.loss in ('cross_entropy', 'binary_cross_entropy', 'binary_cross_entropy_with_logits') and elements > 0 and loss_sum / elements < -$margin
    and not exists (from loss_formulas where cause = 'loss_formula' and reproduced >= 3 and reproduced >= 0.9 * distinct_steps)
group by split
having count(*) >= $patience
order by step, subject
