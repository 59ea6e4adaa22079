/*
title: Gradients that are gone when the optimizer steps
cause: gradients_not_cleared
strength: direct
severity: error
explains: [unknown, disconnected_parameter, parameter_not_optimized, learning_rate_too_low, ignores_input, class_imbalance]
reads:
  activation_gradients: [rms, depth]
  parameters: [recorded_steps, depth]
params:
  patience: {default: 3, unit: recorded steps, source: "one may be a step without a batch"}
finds: Recorded steps at which a backward pass ran, and yet no parameter had a gradient other than zero when the optimizer stepped.
matters: zero_grad() stands between backward() and step(); nothing is ever learned.
do: Move optimizer.zero_grad() before loss.backward(), or after optimizer.step().
ignore: Nothing.
*/
with backward as (
    select recorded, min(step) as step, max(last_step) as last_step
    from activation_gradients
    -- What flows back into an activation has passed the weights after it: behind the last weight a gradient can be there and end before any weight.
    where split = 'train' and rms > 0 and depth < (select max(depth) from parameters)
    group by recorded
),

received as (
    select recorded, max(rms) as rms
    from gradients
    where split = 'train'
    group by recorded
),

judged as (
    select backward.*, coalesce(received.rms, 0) = 0 as empty
    from backward
    left join received using (recorded)
)

select
    '' as subject,
    min(step) filter (empty) as step,
    max(last_step) filter (empty) as last_step,
    count(*) filter (empty) as value,
    $patience as threshold,
    format(
        'at {} of {} recorded steps a backward pass ran and no parameter had a gradient when the optimizer stepped',
        count(*) filter (empty),
        count(*)
    ) as message
from judged
having count(*) filter (empty) >= $patience and count(*) filter (empty) >= 0.9 * count(*)
order by step
