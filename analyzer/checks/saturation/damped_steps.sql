/*
title: Adaptive steps far smaller than the learning rate
cause: optimizer_setting
strength: strong
severity: warning
explains: [unknown, learning_rate_too_low, vanishing_gradient, stopped_too_early, weight_decay_too_high, model_too_small, class_imbalance]
reads:
  matrix_steps: [update_rms]
  learning_rates: [rate]
  optimizer_groups: [eps]
params:
  share: {default: 0.03, unit: rms of the update over the rate, source: "Adam moves each weight by 0.1 to 1 times the rate; a hundredth means that epsilon is the larger part of the denominator"}
  eps: {default: 1.0e-7, unit: gradient, source: "ten times the default of 1e-8; below it small gradients are the fault, not epsilon"}
  patience: {default: 3, unit: recorded steps, source: "a single batch can have a small gradient"}
finds: Under Adam or RMSprop, updates below `share` of the learning rate in at least half of the weight matrices at most recorded steps, while the gradient there is below epsilon times ten.
matters: The optimizer divides by the size of the gradient plus epsilon; where epsilon is larger, the step is no longer of the size of the rate and layers with small gradients stand still.
do: Put epsilon back to 1e-8; in half precision raise the loss scale instead of epsilon.
ignore: A large epsilon that was chosen to act like SGD, with a rate to match.
*/
with ratios as (
    select
        matrix_steps.recorded,
        matrix_steps.step,
        matrix_steps.last_step,
        eps,
        median(update_rms / rate) as damped,
        median(gradient_rms) as gradient
    from matrix_steps
    join optimizer_groups using (optimizer_group)
    join learning_rates on learning_rates.step = matrix_steps.step
    where regexp_matches(type, 'Adam|RMSprop') and rate > 0 and eps > $eps and gradient_rms > 0 and gradient_rms < 10 * eps
    group by all
),

total as (
    select count(distinct recorded) as recorded_steps
    from matrix_steps
)

select
    'epsilon' as subject,
    min(step) as step,
    max(last_step) as last_step,
    median(damped) as value,
    $share as threshold,
    format('updates are {:.1g} of the learning rate: epsilon {:.2g} against gradients of {:.1g}', median(damped), any_value(eps), median(gradient)) as message
from ratios, total
where damped < $share
having count(*) >= $patience and count(*) >= 0.5 * any_value(recorded_steps)
order by step
