/*
title: Small steps that in all went a short way
cause: learning_rate_too_low
strength: strong
expected: true
severity: warning
explains: [unknown, stopped_too_early, model_too_small, ignores_input, class_imbalance]
reads:
  step_sizes: [update_ratio, gradient_ratio]
params:
  travelled: {default: 0.15, unit: share of the weights, source: "sum of all update ratios, three times what weights_hardly_moved allows; had every step gone in the same direction, the weights would still be much the same"}
  usual: {default: 5.0e-4, unit: update over weight, source: "half of 1e-3, the least that is wanted of a step"}
  gradient: {default: 0.01, unit: gradient over weight, source: "a gradient that has vanished is another fault"}
  held: {default: 0.5, unit: share of the peak, source: "a rate that fell below this is a matter of the schedule"}
  steps: {default: 50, unit: steps, source: "a shorter run has no time to go anywhere"}
  patience: {default: 5, unit: recorded steps, source: "small_updates"}
finds: In a run with a bad outcome, updates of which the median is below `usual` of the weights and which, all added up, come to less than `travelled`, though the gradient was there and the rate was held.
matters: The loss falls as slowly as the weights move, which may be too slow to be told from noise.
do: Raise the learning rate by ten and look again; Adagrad, whose steps shrink by themselves, wants about ten times the rate of Adam.
ignore: The last polish of a model that is trained already; a run that fails by other means, in which this is not the first thing to mend.
*/
with travel as (
    select
        min(step) as step,
        max(last_step) as last_step,
        sum(update_ratio * steps) as travelled,
        sum(steps) as steps,
        median(update_ratio) as usual,
        median(gradient_ratio) as gradient,
        count(*) as recorded_steps
    from step_sizes
),

rates as (
    select median(rate) filter (share >= 0.5) / nullif(max(peak), 0) as held
    from learning_rates
)

select
    '' as subject,
    step,
    last_step,
    travelled as value,
    $travelled as threshold,
    format('a step usually changes the weights by {:.1g} of their size, and all {} steps together by {:.2g} at most', usual, steps, travelled) as message
from travel
left join rates on true
where
    steps >= $steps
    and recorded_steps >= $patience
    and travelled > 0
    and travelled < $travelled
    and usual < $usual
    and gradient >= $gradient
    and coalesce(held, 1) >= $held
order by step
