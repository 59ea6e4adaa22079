/*
title: A hidden softmax that gives everything to one place
cause: saturated_activation
strength: symptom
severity: warning
explains: [unknown, vanishing_gradient, learning_rate_too_low, ignores_input, disconnected_parameter, parameter_not_optimized, class_imbalance]
reads:
  activations: [saturated, count, activation]
params:
  share: {default: 0.9, unit: share of the rows, source: "attention entropy collapse (Zhai et al. 2023): nearly all rows one-hot"}
  patience: {default: 3, unit: recorded steps in a row, source: "a single batch can be odd"}
finds: Softmax layers inside the model of which at least `share` of the rows give more than 0.99 to one place, `patience` recorded steps in a row, up to the end.
matters: A softmax in this state has no gradient; an attention that looks at one fixed place cannot learn to look elsewhere.
do: Divide the scores by the root of the head's width, normalise queries and keys, lower the learning rate.
ignore: Attention that has learned to copy, in a run that learns.
*/
with last_weight as (
    select max(depth) as depth
    from parameters
    where dimensions >= 2
),

flagged as (
    select
        name,
        step,
        activations.last_step,
        recorded,
        saturated / count as flat,
        saturated >= $share * count as bad
    from activations, last_weight
    where split = 'train' and activation = 'softmax' and count > 0 and saturated is not null and coalesce(activations.depth < last_weight.depth, true)
),

last_good as (
    select name, coalesce(max(recorded) filter (not bad), -1) as recorded
    from flagged
    group by name
)

select
    name as subject,
    min(step) as step,
    max(last_step) as last_step,
    arg_max(flat, step) as value,
    $share as threshold,
    format('{:.0f} % of the rows of {} give more than 0.99 to one place since step {}', 100 * arg_max(flat, step), name, min(step)) as message
from flagged
join last_good using (name)
where flagged.recorded > last_good.recorded
group by name
having count(*) >= $patience
order by step, subject
limit 50
