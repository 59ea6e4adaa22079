/*
title: A last activation that does not suit the loss
cause: wrong_output_activation
strength: strong
severity: error
explains: [unknown, gradients_not_cleared, disconnected_parameter, dead_units, saturated_activation, vanishing_gradient, learning_rate_too_low, model_too_small, loss_mismatch, loss_formula, ignores_input, weight_decay_too_high, class_imbalance]
reads:
  final_activations: [activation]
  output_ranges: [loss_lowest]
params:
  samples: {default: 50, unit: samples, source: "fewer may lie within a bound by chance"}
finds: A softmax or sigmoid after the last layer, a declared cross-entropy, and losses that all lie where they do when the softmax is applied twice - between ln(1 + (C-1)/e) and ln(e + C - 1) (sigmoid up to ln(1 + (C-1)e)).
matters: No class can get more than e/(e + C - 1) of the probability; the loss has a floor that no training gets below.
do: Return the raw outputs of the last layer; the loss applies the softmax.
ignore: Models that return probabilities beside their logits.
*/
with last as (
    select name, activation
    from final_activations
    order by depth desc, name
    limit 1
),

bounds as (
    select
        output_ranges.*,
        ln(1 + (outputs - 1) / exp(1)) as floor,
        case when activation = 'softmax' then ln(exp(1) + outputs - 1) else ln(1 + (outputs - 1) * exp(1)) end as ceiling,
        last.name,
        last.activation
    from output_ranges, last, run_facts
    where
        activation in ('softmax', 'sigmoid')
        and run_facts.loss = 'cross_entropy'
        and outputs > 1
        and samples >= $samples
        and z_lowest is null
        and coalesce(label_smoothing, 0) = 0
)

select
    name as subject,
    0 as step,
    last_step,
    loss_lowest as value,
    floor as threshold,
    format(
        'the model ends with a {} and the losses of {} samples stay between {:.4g} and {:.4g}, within the {:.4g} to {:.4g} of a second softmax',
        activation,
        samples,
        loss_lowest,
        loss_highest,
        floor,
        ceiling
    ) as message
from bounds
where loss_lowest > 0.999 * floor and loss_highest < 1.001 * ceiling
order by step
