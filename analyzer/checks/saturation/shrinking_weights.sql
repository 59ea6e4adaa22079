/*
title: Weights that shrink faster than they learn
cause: weight_decay_too_high
strength: strong
severity: warning
explains: [unknown, learning_rate_too_high, vanishing_gradient, learning_rate_too_low, model_too_small, ignores_input, dead_units, class_imbalance]
reads:
  parameters: [first_rms, last_rms]
params:
  left: {default: 0.5, unit: share of the first rms, source: "learning makes weights grow or turn; to lose half of their size takes a pull to zero"}
  share: {default: 0.7, unit: share of the matrices, source: "a pull that acts on nearly all layers"}
  steps: {default: 3, unit: recorded steps, source: "a trend needs three points"}
finds: At least `share` of the weight matrices lost more than half of their size over the run.
matters: The penalty on the weights outweighs the loss; the model is driven to predict a constant.
do: Divide the weight decay (or the L1 or L2 term in the loss) by ten; leave biases and norms out of it; mind that Adam's weight_decay is not AdamW's.
ignore: Sparse or pruned models that are meant to lose weights.
*/
with matrices as (
    select name, first_rms, last_rms, first_step, last_step, numel, last_rms / first_rms as left_over
    from parameters
    where dimensions >= 2 and not sparse and trainable and first_rms > 0 and recorded_steps >= $steps
),

summary as (
    select
        count(*) as matrices,
        count(*) filter (left_over < $left) as shrunk,
        median(left_over) as usual,
        arg_min(name, left_over) as smallest,
        min(first_step) as step,
        max(last_step) as last_step
    from matrices
),

decay as (
    select max(weight_decay) as weight_decay
    from optimizer_groups
)

select
    smallest as subject,
    step,
    last_step,
    usual as value,
    $left as threshold,
    format(
        '{} of {} weight matrices shrank to less than half, the median to {:.0f} % of its first size{}',
        shrunk,
        matrices,
        100 * usual,
        case when weight_decay > 0 then format(' (weight decay {:.3g})', weight_decay) else '' end
    ) as message
from summary
left join decay on true
where shrunk >= $share * matrices and shrunk > 0
order by step
