/*
title: Losses of the shape of all pairs
cause: shape_broadcast
strength: direct
expected: true
severity: error
explains: [unknown, loss_formula, ignores_input, model_too_small, learning_rate_too_low, metric_formula, loss_mismatch, wrong_output_activation, class_imbalance]
reads:
  events: [kind]
params: {}
finds: Losses of shape [N, N] for N samples, where prediction and target have N numbers each.
matters: With predictions [N, 1] and targets [N] the difference has the shape [N, N]. Its minimum is to predict the mean of the targets for every sample, so nothing is learned.
do: Give both the same shape, with prediction.squeeze(1) or target.unsqueeze(1).
ignore: A loss that is meant to compare all pairs, as contrastive losses do.
*/
with shapes as (
    select
        step,
        json_extract_string(details, '$.split') as split,
        json_extract(details, '$.loss')::bigint[] as loss,
        json_extract(details, '$.ids')::bigint as n,
        json_extract(details, '$.prediction')::bigint[] as prediction,
        json_extract(details, '$.target')::bigint[] as target
    from events
    where kind = 'loss_shape'
)

select
    split as subject,
    min(coalesce(step, 0)) as step,
    max(coalesce(step, 0)) as last_step,
    max(n) as value,
    null::double as threshold,
    format('the losses of {} have the shape {} for predictions {} and targets {}', split, arg_max(loss, n)::varchar, arg_max(prediction, n)::varchar, arg_max(target, n)::varchar) as message
from shapes
where len(loss) = 2 and loss[1] = n and loss[2] = n and n > 1 and list_product(prediction) = n and list_product(target) = n
group by split
order by split <> 'train', step, subject
