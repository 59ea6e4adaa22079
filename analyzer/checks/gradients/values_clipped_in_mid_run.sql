/*
title: Gradient values that are cut at one limit from a step on
cause: gradient_clipped_away
strength: strong
severity: warning
explains: [unknown, learning_rate_too_low, ignores_input, stopped_too_early, model_too_small, class_imbalance]
reads:
  gradients: [max, min]
  step_sizes: [update_ratio]
  learning: [last_loss]
params:
  spread: {default: 1.0e-3, unit: share of the limit, source: "float32 rounding, with room; two layers never share their largest gradient to three digits by chance"}
  share: {default: 0.8, unit: share of the gradients, source: "tuning playbook: more than 50 % of steps clipped is extremely aggressive"}
  patience: {default: 3, unit: recorded steps, source: "a single batch can be odd"}
  drop: {default: 0.1, unit: share of what it was, source: "the tuning playbook clips at the 90th percentile; a tenth of the median is far below all of them"}
  progress: {default: 0.5, unit: share of the first loss, source: "a loss that is down to this was learned before, or is learned all the same"}
finds: Gradients of weight matrices whose largest value falls below `drop` of what it was at the `patience` recorded steps before, is one number in at least `share` of them from there to the end, and takes the size of the updates down with it, in a run whose loss is not down to `progress` of its first level.
matters: From that step on values are cut far below what they are; the step has lost both its length and its direction.
do: Look for what was switched on at this step, and for its unit; clip the norm instead of the values, at about the 90th percentile of the norms.
ignore: A phase of training with sign-based steps, on purpose and with a rate to match.
*/
with largest as (
    select gradients.recorded, gradients.step, gradients.last_step, gradients.name, greatest(abs("max"), abs("min")) as largest
    from gradients
    join parameters using (name)
    where split = 'train' and gradients.rms > 0 and dimensions >= 2
),

level as (
    select median(largest) as level, count(distinct name) as names
    from largest
    where recorded > (select max(recorded) from largest) - $patience
),

looks as (
    select
        recorded,
        min(step) as step,
        max(last_step) as last_step,
        median(largest) as typical,
        avg((abs(largest - level) <= $spread * level)::int) as same
    from largest, level
    group by recorded
),

followed as (
    select
        *,
        avg(same) over (order by recorded rows between current row and unbounded following) as same_from_here,
        count(*) over (order by recorded rows between current row and unbounded following) as left_over,
        median(typical) over (order by recorded rows between $patience preceding and 1 preceding) as usual
    from looks
),

onset as (
    select min(step) as step, arg_min(usual, step) as usual, (select max(last_step) from looks) as last_step
    from followed
    where same >= $share and same_from_here >= $share and left_over >= $patience
),

moved as (
    select
        onset.step,
        onset.usual,
        onset.last_step,
        median(step_sizes.update_ratio) filter (step_sizes.step < onset.step) as ratio_before,
        median(step_sizes.update_ratio) filter (step_sizes.step >= onset.step) as ratio_since
    from onset
    left join step_sizes on true
    where onset.step is not null
    group by all
)

select
    '' as subject,
    moved.step,
    moved.last_step,
    level as value,
    $drop * usual as threshold,
    format(
        'the largest gradient value is {:.3g} in all layers from step {} on and was {:.3g} before; a step moves the weights by {:.1g} of their size where it was {:.1g}',
        level, step, usual, ratio_since, ratio_before
    ) as message
from moved, level, learning
where names >= 2 and level < $drop * usual and ratio_since < $drop * ratio_before and last_loss > $progress * first_loss
order by step
