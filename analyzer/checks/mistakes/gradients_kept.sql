/*
title: Gradients carried over from one step to the next
cause: gradients_not_cleared
strength: direct
expected: true
severity: error
explains: [unknown, learning_rate_too_high, exploding_gradient, nonfinite_forward, nonfinite_backward, dead_units, saturated_activation, ignores_input, overfitting, class_imbalance]
reads:
  events: [kind]
params:
  times: {default: 2, unit: steps, source: "once may be a gradient set on purpose"}
finds: Steps before which no backward pass began with the optimizer's gradients at zero, `times` times at least.
matters: Each step adds up the gradients of all steps before it; it follows old data, in a direction that grows without bound.
do: Call optimizer.zero_grad() once for every optimizer.step(), before loss.backward(); look whether it stands in a branch that is not always taken.
ignore: Gradients that are kept on purpose, as a hand-made momentum.
*/
with kept as (
    select greatest(count(*), coalesce(max((details ->> 'times')::bigint), 0)) as times, min(step) as step, max(step) as last_step
    from events
    where kind = 'gradients_kept'
)

select
    '' as subject,
    step,
    last_step,
    times as value,
    $times as threshold,
    format('the gradients were not cleared before {} steps, the first of them step {}', times, step) as message
from kept
where times >= $times
order by step
