-- One row per forward pass with samples: the sums from which losses and metrics are recomputed.
-- Record: rec.samples(ids, loss=losses, prediction=outputs, target=targets) at every training step and evaluation
-- Materialize
-- Column step: training step; -1 before the first (steps)
-- Column place: index of the pass among those of the same rank, split and step, from 0
-- Column places: number of them
-- Column n: samples of the pass (samples)
-- Column elements: elements that count (elements)
-- Column elements_total: all elements, padding and ignored ones too (elements)
-- Column loss_sum: recorded loss over the elements that count
-- Column loss_sum_total: recorded loss over all elements
-- Column loss_mean_sum: sum over the samples of their mean losses
-- Column squashed: the predictions were passed as probabilities
-- Column cross_entropy: sum of -ln p(target), from the predictions (nats)
-- Column second_softmax: sum of the cross-entropy of a softmax of the probabilities (nats)
-- Column minus_probability: sum of -p(target)
-- Column minus_output: sum of minus the output at the target, as passed
-- Column uniform_cross_entropy: sum over the samples of the mean of -ln p over all classes, from the predictions (nats)
-- Column squared_error_one_hot: sum of squared differences between probabilities and the one-hot target
-- Column hits: samples, pixels, tokens or labels predicted right
-- Column hits_at_half: samples of one output that are right where an output above 0.5 counts as class 1
-- Column hits_top3: samples whose target is among the three best outputs
-- Column hits_top5: samples whose target is among the five best outputs
-- Column judged: samples, pixels, tokens or labels that count for `hits`
-- Column sample_hits: sum over the samples of their shares predicted right; multilabel: samples of which every label is right
-- Column winner_hits: targets that an argmax over the samples of the batch gives; null unless there are as many samples as outputs
-- Column perplexity_sum: sum over the samples of their perplexities
-- Column squared_error: sum of squared errors over the outputs
-- Column absolute_error: sum of absolute errors over the outputs
-- Column smooth_error: sum of smooth L1 errors (beta 1) over the outputs
-- Column outputs_missing: only some of the outputs were recorded, so that the errors are not complete
-- Column prediction_sum: sum of the predictions, first output
-- Column prediction_squares: sum of their squares
-- Column target_sum: sum of the targets, first output
-- Column target_squares: sum of their squares
-- Column product_sum: sum of prediction times target, first output
with first_outputs as (
    select
        *,
        coalesce(step, -1) as at_step,
        loss_sum::double / nullif(elements, 0) as loss_mean,
        z_min >= -1e-6 and z_max <= 1 + 1e-6 and (outputs = 1 or abs(z_sum - 1) < 1e-3) as is_squashed,
        p_target::double as p,
        z_max - ln(nullif(p_max, 0)::double) as normalizer,
        case when target = 1 then p_target::double else 1 - p_target::double end as p_one,
        case when predicted_values is not null then list_transform(list_zip(predicted_values, target_values), lambda pair: pair[1]::double - pair[2]) end as errors
    from samples
    where split is not null
)

select
    rank,
    split,
    pass,
    batch,
    at_step as step,
    max(epoch) as epoch,
    row_number() over (partition by rank, split, at_step order by pass, batch) - 1 as place,
    count(*) over (partition by rank, split, at_step) as places,
    count(*) as n,
    sum(elements)::bigint as elements,
    sum(elements_total)::bigint as elements_total,
    sum(loss_sum::double) as loss_sum,
    sum(loss_sum_total::double) as loss_sum_total,
    sum(loss_mean) as loss_mean_sum,
    bool_and(is_squashed) as squashed,
    sum(case when is_squashed or outputs = 1 then -ln(nullif(p, 0)) else normalizer - z_target end) as cross_entropy,
    sum(case when outputs = 1 then ln(1 + exp(p_one)) - target * p_one else ln(p_exp_sum::double) - p end) as second_softmax,
    sum(-p) as minus_probability,
    sum(-z_target::double) as minus_output,
    sum(case when not is_squashed and outputs > 1 then normalizer - z_sum / outputs end) as uniform_cross_entropy,
    sum(p_square_sum - 2 * p + 1) as squared_error_one_hot,
    case
        when count(correct) > 0 then count(*) filter (correct)
        when count(missed) > 0 then sum(outputs - missed - invented)
        else coalesce(sum(pixels_correct), sum(tokens_correct))
    end::bigint as hits,
    count(*) filter (outputs = 1 and (if(target = 1, z_target, z_other) > 0.5) = (target = 1)) as hits_at_half,
    count(*) filter (target_rank < 3) as hits_top3,
    count(*) filter (target_rank < 5) as hits_top5,
    sum(
        case
            when correct is not null then 1
            when missed is not null then outputs
            when pixels_correct is not null or tokens_correct is not null then elements
        end
    )::bigint as judged,
    case
        when count(missed) > 0 then count(*) filter (missed + invented = 0)
        else sum(coalesce(pixels_correct, tokens_correct, correct::int) / nullif(elements, 0))
    end as sample_hits,
    sum(perplexity::double) as perplexity_sum,
    case when count(*) = max(outputs) then count(*) filter (batch_winner = target) end as winner_hits,
    max(outputs) as outputs,
    sum(case when errors is null then error::double * error else list_sum(list_transform(errors, lambda e: e * e)) end) as squared_error,
    sum(case when errors is null then abs(error::double) else list_sum(list_transform(errors, lambda e: abs(e))) end) as absolute_error,
    sum(
        case
            when errors is null then if(abs(error) < 1, 0.5 * error::double * error, abs(error::double) - 0.5)
            else list_sum(list_transform(errors, lambda e: if(abs(e) < 1, 0.5 * e * e, abs(e) - 0.5)))
        end
    ) as smooth_error,
    bool_or(errors is not null and len(errors) < elements) as outputs_missing,
    sum(predicted_value::double) as prediction_sum,
    sum(predicted_value::double * predicted_value) as prediction_squares,
    sum(target_value::double) as target_sum,
    sum(target_value::double * target_value) as target_squares,
    sum(target_value::double * predicted_value) as product_sum
from first_outputs
group by rank, split, at_step, pass, batch
