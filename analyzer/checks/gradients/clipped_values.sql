/*
title: Gradients whose largest value is the same everywhere
cause: gradient_clipped_away
strength: strong
severity: warning
explains: [unknown, learning_rate_too_low, ignores_input, class_imbalance]
reads:
  gradients: [max, min]
  step_sizes: [update_ratio]
params:
  spread: {default: 1.0e-3, unit: share of the limit, source: "float32 rounding, with room; two layers never share their largest gradient to three digits by chance"}
  share: {default: 0.8, unit: share of the gradients, source: "tuning playbook: more than 50 % of steps clipped is extremely aggressive"}
  patience: {default: 3, unit: recorded steps, source: "a single batch can be odd"}
  slow: {default: 1.0e-4, unit: update over weight, source: "TheDeepChecker: below 1e-4 training is slow"}
finds: Gradients of weight matrices whose largest absolute value is one and the same number in at least `share` of them, while the optimizer moves the weights by less than `slow` of their size.
matters: Values are cut at a limit far below what they are; the step has lost both its length and its direction.
do: Clip the norm instead of the values, at about the 90th percentile of the norms; or raise the limit.
ignore: Sign-based methods, which do this on purpose with a rate to match.
*/
with largest as (
    select gradients.recorded, gradients.step, gradients.last_step, gradients.name, greatest(abs("max"), abs("min")) as largest
    from gradients
    join parameters using (name)
    where split = 'train' and gradients.rms > 0 and dimensions >= 2
),

level as (
    select median(largest) as level, count(*) as gradients, count(distinct name) as names
    from largest
),

same as (
    select count(*) as times, count(distinct recorded) as recorded_steps, min(step) as step, max(last_step) as last_step
    from largest, level
    where abs(largest - level) <= $spread * level
),

moved as (
    select median(update_ratio) as update_ratio
    from step_sizes
)

select
    '' as subject,
    step,
    last_step,
    level as value,
    update_ratio as threshold,
    format(
        'the largest gradient value is {:.3g} in {} of {} recorded gradients, and a step moves the weights by {:.1g} of their size',
        level,
        times,
        gradients,
        update_ratio
    ) as message
from level, same, moved
where names >= 2 and recorded_steps >= $patience and times >= $share * gradients and update_ratio < $slow
order by step
