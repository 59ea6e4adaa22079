/*
title: Target values that can only be learned by heart
cause: labels_random
strength: strong
severity: error
explains: [unknown, overfitting, model_too_small, stopped_too_early, leak_train_valid]
reads:
  output_spreads: [correlation, target_spread]
  evaluations: [loss]
params:
  learned: {default: 0.5, unit: correlation in training, source: "training learned a quarter of the variance, so that the model and the optimizer work"}
  errors: {default: 3, unit: standard errors of a correlation of zero, source: "one of a thousand evaluations by chance"}
  passes: {default: 3, unit: evaluations, source: "an evaluation or two may come too early"}
  samples: {default: 50, unit: samples, source: "fewer cannot be told from chance"}
finds: A regression whose predictions follow the training targets with a correlation above `learned`, while in no evaluation they follow the targets beyond what chance gives.
matters: The targets have nothing to do with the inputs, so that only memory helps. No setting of the model can mend that.
do: Look at ten samples with their targets just before the model; check the key on which inputs and targets were joined, and that both are shuffled, sorted and filtered together.
ignore: A task in which inputs say nothing of the target.
*/
with training as (
    select max(correlation) as correlation
    from output_spreads
    where split = 'train' and isfinite(correlation)
),

evaluated as (
    select
        split,
        count(*) as evaluations,
        max(correlation) filter (isfinite(correlation)) as correlation,
        max(step) as last_step,
        max(samples) as samples
    from output_spreads
    where split <> 'train' and step >= 0
    group by split
)

select
    split as subject,
    0 as step,
    last_step,
    evaluated.correlation as value,
    $errors / sqrt(samples) as threshold,
    format('predictions and targets correlate by {:.2f} in training, but in {} never by more than {:.2f}', training.correlation, split, evaluated.correlation) as message
from evaluated, training
where
    evaluations >= $passes and samples >= $samples
    and training.correlation >= $learned
    and evaluated.correlation < $errors / sqrt(samples)
order by subject
