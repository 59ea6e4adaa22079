/*
title: Steps that overwrite the weights instead of adjusting them
cause: learning_rate_too_high
strength: strong
severity: error
explains: [unknown, dead_units, saturated_activation, exploding_gradient, nonfinite_forward, nonfinite_backward, vanishing_gradient, ignores_input, model_too_small, overfitting]
reads:
  step_sizes: [overwritten]
params:
  ratio: {default: 0.1, unit: update over weight, source: "TheDeepChecker, DeepDiagnosis, torchmortem: above 1e-1; the textbook wants about 1e-2, others 1e-3"}
  patience: {default: 2, unit: recorded steps in a row, source: "one jump out of a warm-up or a restart is normal"}
finds: A median update of the weight matrices above `ratio` of the weights themselves, `patience` recorded steps in a row, in a run that does not learn.
matters: After ten such steps nothing is left of what the weights were; the loss jumps about or runs away, units die and saturate.
do: Divide the learning rate by ten, or warm it up; aim at updates between 1e-3 and 1e-2 of the weights.
ignore: The first steps of a small network that learns.
*/
with flagged as (
    select *, coalesce(overwritten > $ratio, false) as bad
    from step_sizes
),

stretches as (
    select *, recorded - row_number() over (partition by bad order by recorded) as stretch
    from flagged
),

found as (
    select
        stretch,
        min(step) as step,
        max(last_step) as last_step,
        max(overwritten) as overwritten,
        arg_max(largest_name, overwritten) as largest_name,
        count(*) as recorded_steps
    from stretches
    where bad
    group by stretch
    having count(*) >= $patience
)

select
    largest_name as subject,
    step,
    last_step,
    overwritten as value,
    $ratio as threshold,
    format(
        'a step changes the weights by up to {:.0f} % of their size, from step {} on, most of all {}',
        100 * least(overwritten, 1e9),
        step,
        largest_name
    ) as message
from found
order by step
limit 1
