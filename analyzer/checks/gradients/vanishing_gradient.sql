/*
title: Gradients that shrink layer by layer toward the input
cause: vanishing_gradient
strength: strong
expected: true
severity: warning
explains: [unknown, learning_rate_too_low, ignores_input, optimizer_setting, model_too_small, disconnected_parameter, parameter_not_optimized, weight_decay_too_high, class_imbalance]
reads:
  matrix_steps: [gradient_ratio]
params:
  ratio: {default: 1.0e-3, unit: first third of the layers over the last third, source: "AUTOTRAINER beta1: 1e-3 between first and last layer"}
  layers: {default: 4, unit: weight matrices, source: "fewer have no depth along which anything could shrink"}
  share: {default: 0.6, unit: share of the neighbouring pairs that shrink, source: "a fall along the depth, not one odd layer"}
  patience: {default: 3, unit: recorded steps, source: "a last layer that starts at zero gives one such step"}
  lasting: {default: 0.9, unit: share of the recorded steps, source: "a batch whose errors cancel has next to no gradient at the output either; one in ten may be such"}
finds: A gradient-to-weight ratio of the layers near the input below `ratio` of the one near the output, falling along the depth, at `lasting` of the recorded steps from the first of them to the end, `patience` of them at least.
matters: The layers near the input hardly learn; the model is as good as its last layers on random features.
do: Residual connections, normalisation, ReLU in place of sigmoid or tanh, an initialisation that keeps the scale; for long sequences gates or a shorter backward pass.
ignore: Optimizers that take the scale out of the gradient (Adam), as long as the loss falls.
*/
with thirds as (
    select
        recorded,
        min(step) as step,
        max(last_step) as last_step,
        any_value(matrices) as matrices,
        median(gradient_ratio) filter (place < greatest(matrices / 3, 1)) as near_input,
        median(gradient_ratio) filter (place >= matrices - greatest(matrices / 3, 1)) as near_output,
        arg_min(name, place) as first_name
    from matrix_steps
    where nonfinite = 0
    group by recorded
),

pairs as (
    select
        recorded,
        avg((gradient_ratio < next_ratio)::int) as rising
    from (
        select recorded, gradient_ratio, lead(gradient_ratio) over (partition by recorded order by place) as next_ratio
        from matrix_steps
    )
    where next_ratio is not null
    group by recorded
),

judged as (
    select
        thirds.*,
        coalesce(near_output > 0 and near_input < $ratio * near_output and rising >= $share, false) as bad
    from thirds
    left join pairs using (recorded)
    where matrices >= $layers
),

followed as (
    select *, avg(bad::int) over (order by recorded rows between current row and unbounded following) as bad_from_here
    from judged
),

onset as (
    select min(recorded) as recorded
    from followed
    where bad and bad_from_here >= $lasting
    -- A run whose last steps are all good has recovered, however long it was bad.
    having max(recorded) > (select max(recorded) from followed) - $patience
)

select
    any_value(first_name) as subject,
    min(step) as step,
    max(last_step) as last_step,
    median(near_input / near_output) as value,
    $ratio as threshold,
    format(
        'relative to the weights the gradient near the input is {:.2g} of the one near the output, over {} layers',
        median(near_input / near_output),
        any_value(matrices)
    ) as message
from followed, onset
where followed.recorded >= onset.recorded and bad
having count(*) >= $patience
order by step
