/*
title: A first loss far above that of a guess, from weights that start too large
cause: bad_initialization
strength: strong
severity: error
explains: [unknown, saturated_activation, dead_units, exploding_gradient, vanishing_gradient, learning_rate_too_high, learning_rate_too_low, ignores_input, targets_misaligned, class_imbalance]
reads:
  weights: [rms]
  training_losses: [loss]
  output_ranges: [outputs]
params:
  factor: {default: 2.5, unit: times ln C, source: "CS231n: the loss of a classifier begins at ln C; DeepChecker K7 allows twice that"}
  learned: {default: 0.9, unit: share predicted right, source: "what was drawn at random has been unlearned; a loss with a scale and a margin in it begins high as well"}
  largest: {default: 3, unit: std times the root of the fan-in, source: "He 1.41, Glorot for tanh 1.67, PyTorch's default 0.58: 3 doubles the signal in each layer"}
finds: A classifier whose loss at step 0 is above `factor` times ln C, with weight matrices whose standard deviation times the root of the fan-in is above `largest`, and whose accuracy never comes to `learned`.
matters: The model is sure of answers that it has drawn at random; the first part of the run goes into unlearning them, and saturated layers may never be unlearned.
do: Use an initialisation that divides by the root of the fan-in (kaiming_normal_, xavier_uniform_); embeddings that serve as output weights need a small one too.
ignore: A model trained before on other labels.
*/
with large as (
    select
        weights.name,
        parameters.depth + case when sparse then 1000000 else 0 end as depth,
        std * sqrt(parameters.numel / parameters.shape[1]) as gain
    from weights
    join parameters using (name)
    where split = 'train' and weights.step = 0 and dimensions >= 2 and parameters.trainable
),

counted as (
    select count(*) as matrices, arg_min(name, depth) as first_name, max(gain) as gain
    from large
    where gain > $largest
)

select
    first_name as subject,
    0 as step,
    0 as last_step,
    first_loss.loss as value,
    $factor * first_loss.guess as threshold,
    format(
        'the loss at step 0 is {:.4g}, a guess has {:.4g}; {} weight matrices start with a standard deviation of up to {:.2g} over the root of the fan-in',
        first_loss.loss,
        first_loss.guess,
        matrices,
        gain
    ) as message
from first_loss, counted
where
    first_loss.loss > $factor * first_loss.guess
    and matrices > 0
    and coalesce((select max(accuracy) from evaluations), 0) < $learned
order by step
