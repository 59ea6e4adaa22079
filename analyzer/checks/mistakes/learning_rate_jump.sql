/*
title: A learning rate that jumps and a loss that does not recover
cause: learning_rate_schedule
strength: strong
severity: error
explains: [unknown, learning_rate_too_high, exploding_gradient, dead_units, saturated_activation, nonfinite_forward, nonfinite_backward, ignores_input, overfitting, class_imbalance]
reads:
  learning_rates: [rate]
  training_losses: [loss]
  learning: [first_loss]
params:
  jump: {default: 3, unit: times the rate of the step before, source: "warm-ups and cosine schedules change by a few percent a step; warm restarts jump by more but recover"}
  after: {default: 5, unit: steps, source: "the first steps of a warm-up double and triple"}
  window: {default: 10, unit: steps, source: "losses compared before and after"}
  worse: {default: 1.5, unit: times the loss before, source: "well beyond the bump of a warm restart at its end"}
  learned: {default: 0.1, unit: share of the first loss, source: "AUTOTRAINER and others call less than this level: there must be something to lose"}
  lost: {default: 0.3, unit: share of what was learned, source: "of a loss with a high floor, as of a language model, a rise by half is more than all that was learned"}
finds: A step at which the rate becomes more than `jump` times what it was, after which the loss is, and at the end stays, more than `worse` times what it was before, or `lost` of the way back to its first level, or is no longer finite.
matters: What was learned before the jump is lost.
do: Look at the schedule at this step (a restart, a milestone with a factor above 1, a scheduler built anew); keep the rate below what the first part of the run took well.
ignore: Warm restarts that the run recovers from.
*/
with jumps as (
    select
        step,
        rate,
        lag(rate) over (order by step) as rate_before,
        place,
        max(step) over () as final_step
    from learning_rates
),

suspects as (
    select *
    from jumps
    where place >= $after and rate > $jump * rate_before and rate_before > 0
    order by step
    limit 200
),

around as (
    select
        suspects.step,
        any_value(rate) as rate,
        any_value(rate_before) as rate_before,
        any_value(final_step) as final_step,
        -- Means: at a rate far too high most losses may be small, and the others astronomical.
        avg(loss) filter (isfinite(loss) and training_losses.step between suspects.step - $window and suspects.step - 1) as loss_before,
        avg(case when isfinite(loss) then loss else 'infinity'::double end) filter (
            training_losses.step between suspects.step + 1 and suspects.step + $window
        ) as loss_after,
        avg(case when isfinite(loss) then loss else 'infinity'::double end) filter (training_losses.step > final_step - $window) as loss_at_end
    from suspects, training_losses
    group by suspects.step
)

select
    'learning_rate' as subject,
    step,
    final_step as last_step,
    rate / rate_before as value,
    $jump as threshold,
    format(
        'at step {} the learning rate jumps from {:.3g} to {:.3g}; the loss goes from {:.4g} to {:.4g} and ends at {:.4g}',
        step,
        rate_before,
        rate,
        loss_before,
        loss_after,
        loss_at_end
    ) as message
from around, learning
where
    loss_before > 0
    and final_step - step >= 2 * $window
    and (
        least(loss_after, loss_at_end) > $worse * loss_before
        or (first_loss - loss_before > $learned * first_loss and least(loss_after, loss_at_end) - loss_before > greatest($lost * (first_loss - loss_before), 4 * scatter))
    )
order by step
limit 1
