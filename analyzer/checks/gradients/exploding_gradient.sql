/*
title: Gradients that grow layer by layer toward the input
cause: exploding_gradient
strength: strong
severity: warning
explains: [unknown, learning_rate_too_high, nonfinite_forward, nonfinite_backward, dead_units, saturated_activation]
reads:
  matrix_steps: [gradient_ratio]
params:
  ratio: {default: 300, unit: first third of the layers over the last third, source: "AUTOTRAINER beta3: 70 between the norms of first and last layer; with room for layers of different width"}
  layers: {default: 4, unit: weight matrices, source: "fewer have no depth along which anything could grow"}
  share: {default: 0.6, unit: share of the neighbouring pairs that grow, source: "growth along the depth, not one odd layer"}
  patience: {default: 2, unit: recorded steps in a row, source: "a single step can be odd; a run that blows up has no more"}
finds: A gradient-to-weight ratio of the layers near the input above `ratio` times the one near the output, growing along the depth, `patience` recorded steps in a row.
matters: One learning rate cannot suit such layers; those near the input jump while those near the output stand still.
do: Normalisation or residual connections, an initialisation that keeps the scale, clipping of the gradient norm.
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
        arg_max(name, gradient_ratio) as largest_name
    from matrix_steps
    where nonfinite = 0 and isfinite(gradient_ratio)
    group by recorded
),

pairs as (
    select
        recorded,
        avg((gradient_ratio > next_ratio)::int) as falling
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
        coalesce(near_output > 0 and near_input > $ratio * near_output and falling >= $share, false) as bad
    from thirds
    left join pairs using (recorded)
    where matrices >= $layers
),

stretches as (
    select
        *,
        recorded - row_number() over (partition by bad order by recorded) as stretch
    from judged
)

select
    arg_min(largest_name, recorded) as subject,
    min(step) as step,
    max(last_step) as last_step,
    max(near_input / near_output) as value,
    $ratio as threshold,
    format('relative to the weights the gradient near the input is {:.0f} times the one near the output, over {} layers', max(near_input / near_output), any_value(matrices)) as message
from stretches
where bad
group by stretch
having count(*) >= $patience
order by step
limit 1
