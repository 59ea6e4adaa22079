/*
title: Predictions that cannot reach their targets
cause: wrong_output_activation
strength: strong
severity: error
explains: [unknown, gradients_not_cleared, disconnected_parameter, dead_units, saturated_activation, vanishing_gradient, learning_rate_too_low, model_too_small, loss_mismatch, inputs_not_normalized, ignores_input, weight_decay_too_high, class_imbalance]
reads:
  output_ranges: [z_lowest, target_lowest]
params:
  samples: {default: 50, unit: samples, source: "fewer may lie within a bound by chance"}
  pressed: {default: 0.97, unit: prediction, source: "a sigmoid or tanh that should go beyond its edge comes this close to it; one that has not learned yet does not"}
  beyond: {default: 0.05, unit: share of the targets, source: "targets that the predictions cannot reach, more than outliers"}
finds: A regression whose predictions all lie in the range of a ReLU, sigmoid or tanh, and press against its edge, while targets lie beyond it.
matters: The model cannot predict these targets whatever it learns; where it presses against the edge it gets no gradient.
do: Remove the activation after the last layer, or scale the targets into its range.
ignore: Targets beyond the range that are meant to be cut off.
*/
with kinds as (
    select
        *,
        case
            when z_lowest = 0 and at_zero >= 0.02 and below_zero >= $beyond then 'relu'
            when z_lowest >= 0 and z_highest <= 1 and (z_highest >= $pressed and above_one >= $beyond or z_lowest <= 1 - $pressed and below_zero >= $beyond) then 'sigmoid'
            when z_lowest >= -1 and z_highest <= 1 and (z_highest >= $pressed and above_one >= $beyond or z_lowest <= -$pressed and below_minus_one >= $beyond) then 'tanh'
        end as bounded_by
    from output_ranges
    where predictions >= $samples and target_lowest is not null
)

select
    coalesce((select arg_max(name, depth) from final_activations), '') as subject,
    0 as step,
    last_step,
    case when bounded_by = 'relu' then z_lowest else z_highest end as value,
    case when bounded_by = 'relu' then target_lowest else target_highest end as threshold,
    format(
        'all {} predictions lie between {:.3g} and {:.3g}, as after a {}, but the targets go from {:.3g} to {:.3g}',
        predictions,
        z_lowest,
        z_highest,
        bounded_by,
        target_lowest,
        target_highest
    ) as message
from kinds
where bounded_by is not null
order by step
