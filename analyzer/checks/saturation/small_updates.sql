/*
title: Steps too small to change the weights
cause: learning_rate_too_low
strength: strong
severity: warning
explains: [unknown, stopped_too_early, model_too_small, ignores_input, class_imbalance]
reads:
  step_sizes: [update_ratio, gradient_ratio]
params:
  ratio: {default: 3.0e-5, unit: update over weight, source: "torchmortem and DeepDiagnosis: below 1e-5; TheDeepChecker: below 1e-4"}
  patience: {default: 5, unit: recorded steps, source: "a warm-up begins with such steps"}
finds: A median update of the weight matrices that stayed below `ratio` of the weights at every recorded step, though there was a gradient.
matters: At this pace the weights need tens of thousands of steps to become others; the loss hardly moves.
do: Raise the learning rate by ten and look again; aim at updates between 1e-3 and 1e-2 of the weights.
ignore: The last polish of a model that is trained already.
*/
with summary as (
    select
        min(step) as step,
        max(last_step) as last_step,
        count(*) as recorded_steps,
        max(update_ratio) as largest,
        median(update_ratio) as usual,
        count(*) filter (gradient_ratio > 0) as with_gradient
    from step_sizes
)

select
    '' as subject,
    step,
    last_step,
    usual as value,
    $ratio as threshold,
    format('a step changes the weights by {:.1g} of their size, at most {:.1g}', usual, largest) as message
from summary
where recorded_steps >= $patience and largest < $ratio and largest > 0 and with_gradient >= $patience
order by step
