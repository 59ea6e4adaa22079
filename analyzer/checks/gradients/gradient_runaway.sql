/*
title: Gradients that run away within a few steps
cause: exploding_gradient
strength: strong
severity: error
explains: [unknown, learning_rate_too_high, nonfinite_forward, nonfinite_backward, saturated_activation, ignores_input, overfitting, class_imbalance]
reads:
  gradient_norms: [usual]
  step_sizes: [overwritten]
  learning: [best_loss]
params:
  factor: {default: 100, unit: times the usual norm, source: "a usual spike is 10 times (runmedic)"}
  rise: {default: 1.5, unit: times the norm of the step before, source: "it grows for three steps in a row; a single bad batch jumps at once"}
  calm: {default: 0.05, unit: update over weight, source: "steps of a usual size before: the rate alone does not do it; a rate that is too high shows from its first steps"}
  history: {default: 20, unit: steps, source: "long enough to know what was usual"}
  worse: {default: 1.5, unit: times the best loss, source: "the run does not recover"}
finds: After at least `history` calm steps, a gradient norm that grows by `rise` and more for three steps in a row to more than `factor` times its usual level, in a run whose loss ends above `worse` times its best level or is not finite.
matters: Each step makes the next gradient larger; within a few steps the weights are thrown far from where they were.
do: Clip the gradient norm at about its 90th percentile; look at the step named and at recurrent or residual paths without normalisation.
ignore: Nothing, where the loss did not recover.
*/
with steps as (
    select
        step,
        place,
        norm,
        usual,
        lag(norm, 1) over (order by step) as before_1,
        lag(norm, 2) over (order by step) as before_2,
        lag(norm, 3) over (order by step) as before_3
    from gradient_norms
),

growing as (
    select step, norm, usual
    from steps
    where
        place >= $history
        and isfinite(norm)
        and usual > 0
        and norm > $factor * usual
        and norm > $rise * before_1
        and before_1 > $rise * before_2
        and before_2 > $rise * before_3
),

first as (
    select min(step) as step, arg_min(norm, step) as norm, arg_min(usual, step) as usual
    from growing
),

calm as (
    select max(overwritten) as overwritten, count(*) as recorded_steps
    from step_sizes, first
    where step_sizes.last_step < first.step - 3
)

select
    'gradient_norm' as subject,
    greatest(first.step - 3, 0) as step,
    (select max(step) from gradient_norms) as last_step,
    first.norm / first.usual as value,
    $factor as threshold,
    format(
        'the gradient norm grows to {:.3g} by step {}, {:.0f} times its usual level, after steps of at most {:.1g} of the weights',
        first.norm,
        first.step,
        least(first.norm / first.usual, 1e12),
        overwritten
    ) as message
from first, calm, learning
where
    first.step is not null
    and recorded_steps >= 2
    and overwritten < $calm
    and (nonfinite_at_end or best_loss <= 0 or last_loss > $worse * best_loss)
order by first.step
