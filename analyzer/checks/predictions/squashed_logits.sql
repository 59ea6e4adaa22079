/*
title: Outputs that are squashed before a loss that squashes them itself
cause: wrong_output_activation
strength: direct
severity: error
explains: [unknown, gradients_not_cleared, disconnected_parameter, vanishing_gradient, learning_rate_too_low, model_too_small, loss_formula, loss_mismatch, dead_units, saturated_activation, ignores_input, weight_decay_too_high, class_imbalance]
reads:
  output_ranges: [z_lowest]
params:
  samples: {default: 50, unit: samples, source: "fewer may all lie within 0..1 by chance"}
  share: {default: 0.95, unit: share of the samples, source: "all but broken rows"}
  agrees: {default: 1.0e-2, unit: loss, source: "float32 rounding of a cross-entropy, with room for half precision"}
finds: Predictions of a classifier that lie between 0 and 1 (or -1 and 1, or never below 0) in every sample, where the declared loss, or the loss that the samples show, applies a softmax or sigmoid of its own.
matters: After a second softmax no class can get more than e/(e + C - 1) of the probability; the loss has a floor that no training gets below, and gradients fade as the outputs get sure.
do: Return the raw outputs of the last layer, and apply softmax or sigmoid only to show probabilities; or use nll_loss on log_softmax, binary_cross_entropy on a sigmoid.
ignore: Probabilities that are given to rec.samples for the record while the loss gets the logits; pass the logits.
*/
with facts as (
    select loss
    from run_facts
),

kinds as (
    select
        output_ranges.*,
        facts.loss,
        case
            when outputs > 1 and sums_to_one >= $share then 'softmax'
            when outputs = 1 and z_lowest = 1 and z_highest = 1 then 'softmax over a single output'
            when z_lowest >= 0 and z_highest <= 1 then 'sigmoid'
            when z_lowest >= -1 and z_highest <= 1 and near_one + near_minus_one >= 0.5 then 'tanh'
            when outputs > 1 and z_lowest = 0 and at_zero >= 0.2 then 'relu'
        end as squashed_by
    from output_ranges
    left join facts on true
    where predictions >= $samples and target_lowest is null
),

judged as (
    select
        *,
        case
            when squashed_by = 'softmax over a single output' then true
            when outputs > 1 and loss = 'binary_cross_entropy_with_logits'
                then loss_lowest is null or (loss_lowest > 0.999 * ln(1 + exp(-1)) and loss_highest < 1.001 * ln(1 + exp(1)))
            when outputs > 1 and squashed_by = 'softmax'
                then coalesce(as_softmax < $agrees and as_given > as_softmax + $agrees, as_softmax is null and loss = 'cross_entropy')
            when outputs > 1 then coalesce(loss, 'cross_entropy') = 'cross_entropy' and coalesce(as_softmax < $agrees, loss is not null)
            else coalesce(as_sigmoid < $agrees and as_given > as_sigmoid + $agrees, loss = 'binary_cross_entropy_with_logits')
        end as squashed_twice
    from kinds
    where squashed_by is not null
)

select
    coalesce((select arg_max(name, depth) from final_activations), '') as subject,
    0 as step,
    last_step,
    z_highest as value,
    1 as threshold,
    format(
        'in {} samples the predictions lie between {:.3g} and {:.3g}{}, as after a {}, and the loss squashes them again',
        predictions,
        z_lowest,
        z_highest,
        case when squashed_by = 'softmax' then ' and sum to 1' else '' end,
        squashed_by
    ) as message
from judged
where squashed_twice
order by step
