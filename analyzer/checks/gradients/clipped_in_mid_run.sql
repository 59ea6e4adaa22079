/*
title: A gradient norm that drops to one value and stays there
cause: gradient_clipped_away
strength: strong
severity: warning
explains: [unknown, learning_rate_too_low, ignores_input, stopped_too_early, model_too_small, class_imbalance]
reads:
  gradient_norms: [norm]
  step_sizes: [update_ratio]
  learning: [last_loss]
params:
  spread: {default: 1.0e-3, unit: share of the norm, source: "clip_grad_norm_ scales to max_norm within its epsilon of 1e-6; a real norm never repeats to three digits"}
  share: {default: 0.9, unit: share of the steps, source: "tuning playbook: more than 50 % of steps clipped is extremely aggressive"}
  steps: {default: 20, unit: steps, source: "a shorter stretch is a burst of clipped steps, which clipping is meant for"}
  drop: {default: 0.1, unit: share of what it was, source: "the tuning playbook clips at the 90th percentile of the norms; a tenth of their median is far below all of them"}
  progress: {default: 0.5, unit: share of the first loss, source: "a loss that is down to this was learned before, or is learned all the same"}
finds: A norm that from one step to the next falls below `drop` of its median over the `steps` before, is one number from there to the end at `share` of the steps, and takes the size of the updates down with it, in a run whose loss is not down to `progress` of its first level.
matters: From that step on every step has the same tiny length whatever the batch says; the model moves as if the learning rate had been cut.
do: Look for what was switched on at this step, and for its unit (a limit on the mean instead of the sum, in the unscaled instead of the scaled gradient); set the limit to about the 90th percentile of the norms before.
ignore: A phase of training with normalised gradients, on purpose and with a rate to match.
*/
with norms as (
    select step, norm, place, steps
    from gradient_norms
    where isfinite(norm) and norm > 0
),

level as (
    select median(norm) as norm
    from (select norm from norms order by step desc limit $steps)
),

followed as (
    select
        step,
        norms.norm,
        abs(norms.norm - level.norm) <= $spread * level.norm as same,
        avg((abs(norms.norm - level.norm) <= $spread * level.norm)::int) over (order by step rows between current row and unbounded following) as share_from_here,
        count(*) over (order by step rows between current row and unbounded following) as left_over,
        median(norms.norm) over (order by step rows between $steps preceding and 1 preceding) as usual,
        level.norm as level
    from norms, level
),

onset as (
    select min(step) as step, arg_min(usual, step) as usual, any_value(level) as level, arg_min(left_over, step) as steps
    from followed
    where same and share_from_here >= $share and left_over >= $steps
),

moved as (
    select
        onset.*,
        (select max(step) from norms) as last_step,
        median(step_sizes.update_ratio) filter (step_sizes.step < onset.step) as ratio_before,
        median(step_sizes.update_ratio) filter (step_sizes.step >= onset.step) as ratio_since
    from onset
    left join step_sizes on true
    where onset.step is not null
    group by all
)

select
    'gradient_norm' as subject,
    step,
    moved.last_step,
    level as value,
    $drop * usual as threshold,
    format(
        'the gradient norm is {:.3g} at every step from step {} on and was {:.3g} before; a step moves the weights by {:.1g} of their size where it was {:.1g}',
        level, step, usual, ratio_since, ratio_before
    ) as message
from moved, learning
where level < $drop * usual and ratio_since < $drop * ratio_before and last_loss > $progress * first_loss
order by step
