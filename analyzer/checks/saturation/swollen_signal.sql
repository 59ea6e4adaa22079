/*
title: A first loss far above that of a guess, from a signal that swells on its way through the model
cause: bad_initialization
strength: strong
severity: error
explains: [unknown, saturated_activation, dead_units, exploding_gradient, vanishing_gradient, learning_rate_too_high, learning_rate_too_low, ignores_input, class_imbalance]
reads:
  activations: [rms]
  training_losses: [loss]
  output_ranges: [outputs]
params:
  factor: {default: 10, unit: times ln C, source: "CS231n: the loss of a classifier begins at ln C; a pretrained head that is surely wrong comes to about three times that"}
  growth: {default: 30, unit: last over first rms, source: "layers that keep the scale leave 1; our healthy runs with so high a first loss stay below 6"}
  output: {default: 10, unit: rms of the last layer, source: "logits of this size claim probabilities of 1 before anything was learned"}
finds: A classifier whose loss at step 0 is above `factor` times ln C, whose last layer has an rms above `output` and above `growth` times that of its first.
matters: Each layer or each sum adds to the scale, so that logits, loss and gradients start out of proportion; the model spends its training on unlearning them.
do: Normalise after each sum or layer, scale residual branches by one over the root of their number, or start their last layers near zero.
ignore: A pretrained model with logits on another scale.
*/
with signal as (
    select
        arg_min(rms, depth) as first_rms,
        arg_max(rms, depth) as last_rms,
        arg_max(name, depth) as last_name,
        arg_min(name, depth) as first_name
    from activations
    where split = 'train' and step = 0 and depth is not null and coalesce(activation, '') not in ('softmax', 'log_softmax') and isfinite(rms) and rms > 0
)

select
    last_name as subject,
    0 as step,
    0 as last_step,
    last_rms / first_rms as value,
    $growth as threshold,
    format(
        'the loss at step 0 is {:.4g}, a guess has {:.4g}; the rms grows from {:.3g} in {} to {:.3g} in {}',
        first_loss.loss, first_loss.guess, first_rms, first_name, last_rms, last_name
    ) as message
from first_loss, signal
where first_loss.loss > $factor * first_loss.guess and last_rms > $growth * first_rms and last_rms > $output
order by step
