/*
title: A likelihood of probabilities where logarithms were asked for
cause: wrong_output_activation
strength: direct
severity: error
explains: [unknown, loss_formula, loss_mismatch, target_out_of_range, vanishing_gradient, saturated_activation, learning_rate_too_low, ignores_input, class_imbalance]
reads:
  run_facts: [loss]
  batches: [minus_probability]
params:
  share: {default: 0.9, unit: share of the forward passes, source: "a few may hold ignored or masked samples"}
  exact: {default: 0.0001, unit: share of the value, source: "float32 sums agree to 1e-4"}
  patience: {default: 3, unit: forward passes, source: "three numbers that agree to four digits are no coincidence"}
finds: A declared nll_loss whose predictions are probabilities and whose loss is minus the probability of the target, to four digits, in `share` of the forward passes, `patience` at least.
matters: nll_loss wants log-probabilities, of which it is never below zero. Minus a probability stays above -1, and its gradient vanishes for the samples that are most wrong.
do: End the model with log_softmax, or return the raw outputs and use cross_entropy.
ignore: A loss that is meant to be minus the probability; declare it as one of your own.
*/
with passes_of_probabilities as (
    select
        split,
        step,
        loss_sum / n as logged,
        abs(loss_sum - minus_probability) <= $exact * abs(minus_probability) as minus_p
    from batches
    where squashed and outputs > 1 and minus_probability < 0 and isfinite(loss_sum) and elements = n
)

select
    split as subject,
    min(greatest(step, 0)) filter (minus_p) as step,
    max(step) filter (minus_p) as last_step,
    avg(logged) filter (minus_p) as value,
    0 as threshold,
    format('the predictions of {} are probabilities, and its nll_loss is minus the probability of the target in {} of {} forward passes, {:.4g} on average',
        split, count(*) filter (minus_p), count(*), avg(logged) filter (minus_p)) as message
from passes_of_probabilities, run_facts
where run_facts.loss = 'nll_loss'
group by split
having count(*) filter (minus_p) >= greatest($patience, $share * count(*))
order by split <> 'train', subject
