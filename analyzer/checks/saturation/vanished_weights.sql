/*
title: Weight matrices that came down to nothing
cause: weight_decay_too_high
strength: strong
severity: error
explains: [unknown, learning_rate_too_high, vanishing_gradient, learning_rate_too_low, model_too_small, ignores_input, class_imbalance]
reads:
  parameters: [first_rms, last_rms]
  learning: [last_loss]
params:
  left: {default: 0.02, unit: share of the first rms, source: "weights before a normalization may shrink for long without harm, to about the root of rate times decay, which is above this; pruning nine of ten leaves a third of the rms"}
  share: {default: 0.5, unit: share of the matrices, source: "one branch that is switched off is less"}
  progress: {default: 0.2, unit: share of the first loss, source: "decay_outweighs_gradient: a model that is down to this has learned, whatever its weights"}
  steps: {default: 3, unit: recorded steps, source: "a trend needs three points"}
finds: At least `share` of the weight matrices ended below `left` of the size they began with, and the loss is not down to `progress` of its first level.
matters: Next to nothing of the input comes through such a layer; the model predicts a constant by its biases.
do: Divide the weight decay (or the L1 or L2 term in the loss) by ten; take the mean, not the sum, of an L1 term over all weights.
ignore: Nothing, unless the layers are meant to be switched off.
*/
with matrices as (
    select name, first_rms, last_rms, first_step, last_step, last_rms / first_rms as left_over
    from parameters
    where
        dimensions >= 2
        and trainable
        and first_rms > 0
        and recorded_steps >= $steps
        and isfinite(last_rms)
        -- A row that does not occur stays as it is: an embedding says nothing of how weights fare, unless it has vanished itself.
        and (not sparse or last_rms < $left * first_rms)
),

summary as (
    select
        count(*) as matrices,
        count(*) filter (left_over < $left) as vanished,
        max(left_over) filter (left_over < $left) as most_left,
        arg_min(name, (left_over, name)) as smallest,
        min(first_step) as step,
        max(last_step) as last_step
    from matrices
)

select
    smallest as subject,
    step,
    summary.last_step,
    most_left as value,
    $left as threshold,
    format(
        '{} of {} weight matrices shrank to {:.2g} % of their first size or less; the loss goes from {:.4g} to {:.4g}',
        vanished,
        matrices,
        100 * most_left,
        first_loss,
        last_loss
    ) as message
from summary, learning
where vanished >= $share * matrices and vanished > 0 and first_loss > 0 and last_loss > $progress * first_loss
order by step
