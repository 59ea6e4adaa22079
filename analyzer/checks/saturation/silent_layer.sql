/*
title: A layer that is zero for every sample
cause: dead_units
strength: strong
severity: error
explains: [unknown, vanishing_gradient, learning_rate_too_low, disconnected_parameter, ignores_input, model_too_small, weight_decay_too_high, class_imbalance]
reads:
  activations: [zeros, count, activation]
params:
  patience: {default: 3, unit: recorded steps in a row, source: "one batch proves nothing about a sparse ReLU"}
finds: Activations that are exactly zero everywhere, `patience` recorded steps in a row, up to the end.
matters: Nothing passes through the layer, forward or back; what comes before it never learns again.
do: Lower the learning rate or clip the gradient before the onset; look at the biases and the update ratio there.
ignore: A branch that is switched off on purpose.
*/
with flagged as (
    select name, step, last_step, recorded, activation, zeros = count and coalesce(sampled, 1) > 0 as bad
    from activations
    where split = 'train' and activation is not null and count > 0
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
    count(*) as value,
    $patience as threshold,
    format('{} ({}) is zero for every sample at the last {} recorded steps', name, any_value(activation), count(*)) as message
from flagged
join last_good using (name)
where flagged.recorded > last_good.recorded
group by name
having count(*) >= $patience
order by step, subject
limit 50
