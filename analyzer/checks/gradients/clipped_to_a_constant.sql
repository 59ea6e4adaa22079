/*
title: A gradient norm that is the same at every step
cause: gradient_clipped_away
strength: strong
severity: warning
explains: [unknown, learning_rate_too_low, ignores_input, model_too_small, class_imbalance, stopped_too_early]
reads:
  gradient_norms: [norm]
  step_sizes: [update_ratio]
params:
  spread: {default: 1.0e-3, unit: share of the median, source: "clip_grad_norm_ scales to max_norm within its epsilon of 1e-6; a real norm never repeats to three digits"}
  share: {default: 0.9, unit: share of the steps, source: "tuning playbook: more than 50 % of steps clipped is extremely aggressive"}
  steps: {default: 20, unit: steps, source: "a shorter run may be clipped at its start"}
  slow: {default: 5.0e-4, unit: update over weight, source: "half of 1e-3, the least that is wanted of a step"}
  travelled: {default: 0.15, unit: share of the weights, source: "sum of all update ratios, as in short_way: had every step gone in the same direction, the weights would still be much the same"}
finds: Gradient norms within `spread` of one value at `share` of the steps, while the optimizer usually moves the weights by less than `slow` of their size and in all by less than `travelled`.
matters: Every step has the same tiny length whatever the batch says; the model moves as if the learning rate were that much lower.
do: Set the limit to about the 90th percentile of the norms before clipping; with SGD raise the learning rate if the limit must stay.
ignore: Normalised-gradient methods, which do this on purpose with a rate to match.
*/
with level as (
    select median(norm) as norm, count(*) as steps
    from gradient_norms
    where isfinite(norm) and norm > 0
),

same as (
    select
        min(gradient_norms.step) as step,
        max(gradient_norms.step) as last_step,
        count(*) as times
    from gradient_norms, level
    where abs(gradient_norms.norm - level.norm) <= $spread * level.norm
),

moved as (
    select median(update_ratio) as update_ratio, sum(update_ratio * steps) as travelled
    from step_sizes
)

select
    'gradient_norm' as subject,
    step,
    last_step,
    norm as value,
    update_ratio as threshold,
    format('the gradient norm is {:.3g} at {} of {} steps, and a step moves the weights by {:.1g} of their size', norm, times, steps, update_ratio) as message
from level, same, moved
where steps >= $steps and times >= $share * steps and update_ratio < $slow and travelled < $travelled
order by step
