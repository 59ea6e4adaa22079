/*
title: A softmax that gives everything to one place and shuts out what lies before it
cause: saturated_activation
strength: strong
severity: warning
explains: [unknown, vanishing_gradient, dead_units, learning_rate_too_low, model_too_small, ignores_input, disconnected_parameter, parameter_not_optimized, class_imbalance]
reads:
  activations: [saturated, count, activation]
  matrix_steps: [gradient_ratio]
  learning: [last_loss]
params:
  share: {default: 0.9, unit: share of the rows, source: "peaked_softmax: nearly all rows one-hot"}
  patience: {default: 3, unit: recorded steps in a row, source: "a single batch can be odd"}
  starved: {default: 1.0e-3, unit: gradient-to-weight ratio before over after the layer, source: "AUTOTRAINER beta1: 1e-3 between first and last layer"}
  progress: {default: 0.5, unit: share of the first loss, source: "a loss that is down to this is learned without what the layer shuts out"}
finds: Softmax layers inside the model of which, up to the end, at least `share` of the rows give more than 0.99 to one place, while all weight matrices before them get less than `starved` of the gradient of those after, in a run whose loss is not down to `progress` of its first level.
matters: The derivative of such a softmax is zero; who chose the place cannot learn to choose another.
do: Look at what sharpens the scores, such as a temperature that falls, a scale that was left out, or a rate too high; keep them within a few units until the choice is learned.
ignore: Nothing, unless what lies before it is meant to stay as it is.
*/
with hidden as (
    select name, activations.depth, step, last_step, recorded, saturated / count as flat
    from activations
    where
        split = 'train'
        and activation = 'softmax'
        and count > 0
        and saturated is not null
        and activations.depth < (select max(depth) from parameters where dimensions >= 2)
),

last_good as (
    select name, coalesce(max(recorded) filter (flat < $share), -1) as recorded
    from hidden
    group by name
),

shut as (
    select
        name,
        min(depth) as depth,
        min(hidden.recorded) as recorded,
        min(step) as step,
        max(last_step) as last_step,
        arg_max(flat, step) as flat
    from hidden
    join last_good using (name)
    where hidden.recorded > last_good.recorded
    group by name
    having count(*) >= $patience
),

gradients_beside as (
    select
        shut.name,
        matrix_steps.recorded,
        max(gradient_ratio) filter (matrix_steps.depth < shut.depth) as before,
        max(gradient_ratio) filter (matrix_steps.depth > shut.depth) as after
    from shut
    join matrix_steps on matrix_steps.recorded >= shut.recorded
    where nonfinite = 0
    group by shut.name, matrix_steps.recorded
),

starving as (
    select name, median(before / after) as share
    from gradients_beside
    where after > 0
    group by name
    having count(before) >= $patience
)

select
    name as subject,
    step,
    last_step,
    flat as value,
    $share as threshold,
    format(
        '{:.0f} % of the rows of {} give more than 0.99 to one place since step {}, and what is before it gets {:.1g} of the gradient of what is after',
        100 * flat,
        name,
        step,
        share
    ) as message
from shut
join starving using (name)
cross join learning
where share < $starved and (nonfinite_at_end or last_loss > $progress * first_loss) and first_loss > 0
order by step, subject
limit 50
