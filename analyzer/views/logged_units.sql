-- One row per logged loss or metric (at most 2000 per name and split, evenly spread) beside the sums over the samples that it speaks of.
-- Record: rec.log(loss=loss, accuracy=accuracy) beside rec.samples(ids, loss=losses, prediction=outputs, target=targets)
-- Materialize
-- Column unit: number of the row
-- Column family: what the name means: loss, accuracy, error_rate, top3, top5, perplexity, mse, rmse, mae, r2, brier, f1, precision, recall, balanced_accuracy, iou, dice
-- Column averaging: macro, micro or weighted where the name says so
-- Column value: as logged
-- Column batches: forward passes that the number speaks of
-- Column loss_means: sum over the forward passes of their mean losses
-- Column last_loss: mean loss of the last forward pass
-- Column first_n: samples of the first forward pass (samples)
-- Column hit_shares: sum over the forward passes of their shares predicted right
-- Column last_hits: share predicted right in the last forward pass
-- Column batch_perplexities: sum over the forward passes of exp of their mean losses
-- Column roots: sum over the forward passes of their root mean squared errors
-- Column pairwise_square: sum over the forward passes of the mean squared difference of every prediction and every target
-- Column so_far_loss: mean loss of all elements from the first unit of the run up to this one
-- Column epoch_loss: the same since the start of the epoch
-- Column so_far_losses: mean of the units' mean losses from the first unit of the run up to this one
-- Column so_far_batches: mean of the forward passes' mean losses from the first of the run up to this unit
-- Column so_far_accuracy: share predicted right from the first unit of the run up to this one
-- Column so_far_accuracies: mean of the units' shares predicted right from the first unit of the run up to this one
with words as (
    select
        name,
        list_filter(
            string_split_regex(lower(name), '[/_. -]+'),
            lambda word: word not in ('train', 'training', 'val', 'valid', 'validation', 'eval', 'evaluation', 'test', 'dev', 'epoch', 'running', 'mean', 'avg', 'average', 'batch', 'step', 'total', 'score')
        ) as words,
        regexp_matches(lower(name), '(^|[/_. -])(val|valid|validation|eval|evaluation|test|dev)([/_. -]|$)') as of_evaluation,
        regexp_matches(lower(name), '(^|[/_. -])(train|training)([/_. -]|$)') as of_training
    from (select distinct name from metrics)
),

families as (
    select
        name,
        of_evaluation,
        of_training,
        case
            when list_has_any(words, ['macro']) then 'macro'
            when list_has_any(words, ['micro']) then 'micro'
            when list_has_any(words, ['weighted']) then 'weighted'
        end as averaging,
        case array_to_string(list_sort(list_filter(words, lambda word: word not in ('macro', 'micro', 'weighted'))), ' ')
            when 'loss' then 'loss'
            when 'acc' then 'accuracy'
            when 'accuracy' then 'accuracy'
            when 'acc1' then 'accuracy'
            when 'top1' then 'accuracy'
            when 'acc top1' then 'accuracy'
            when 'accuracy top1' then 'accuracy'
            when '1 accuracy top' then 'accuracy'
            when '1 acc top' then 'accuracy'
            when 'acc@1' then 'accuracy'
            when 'accuracy pixel' then 'accuracy'
            when 'acc pixel' then 'accuracy'
            when 'accuracy token' then 'accuracy'
            when 'acc token' then 'accuracy'
            when 'error' then 'error_rate'
            when 'error rate' then 'error_rate'
            when 'acc3' then 'top3'
            when 'top3' then 'top3'
            when 'acc top3' then 'top3'
            when 'accuracy top3' then 'top3'
            when '3 accuracy top' then 'top3'
            when 'acc5' then 'top5'
            when 'acc@5' then 'top5'
            when '5 accuracy top' then 'top5'
            when '5 acc top' then 'top5'
            when 'top5' then 'top5'
            when 'acc top5' then 'top5'
            when 'accuracy top5' then 'top5'
            when 'perplexity' then 'perplexity'
            when 'ppl' then 'perplexity'
            when 'mse' then 'mse'
            when 'loss mse' then 'mse'
            when 'rmse' then 'rmse'
            when 'mae' then 'mae'
            when 'loss mae' then 'mae'
            when 'l1' then 'mae'
            when 'r2' then 'r2'
            when 'brier' then 'brier'
            when 'f1' then 'f1'
            when 'precision' then 'precision'
            when 'recall' then 'recall'
            when 'sensitivity' then 'recall'
            when 'acc balanced' then 'balanced_accuracy'
            when 'accuracy balanced' then 'balanced_accuracy'
            when 'iou' then 'iou'
            when 'miou' then 'iou'
            when 'jaccard' then 'iou'
            when 'dice' then 'dice'
        end as family
    from words
),

spread as (
    select
        metrics.rank,
        metrics.split,
        coalesce(metrics.step, -1) as step,
        metrics.epoch,
        metrics.name,
        families.family,
        families.averaging,
        metrics.value,
        row_number() over (partition by metrics.rank, metrics.split, metrics.name, coalesce(metrics.step, -1) order by metrics.seconds) - 1 as place,
        count(*) over (partition by metrics.rank, metrics.split, metrics.name, coalesce(metrics.step, -1)) as places,
        row_number() over (partition by metrics.split, metrics.name order by metrics.step, metrics.rank, metrics.seconds) as number,
        count(*) over (partition by metrics.split, metrics.name) as numbers
    from metrics
    join families using (name)
    where family is not null and not (of_evaluation and metrics.split = 'train') and not (of_training and metrics.split <> 'train') and isfinite(metrics.value)
),

chosen as (
    select
        *,
        row_number() over (order by split, name, number) as unit
    from spread
    where numbers <= 2000 or number * 2000 // numbers <> (number - 1) * 2000 // numbers
),

totals as (
    select
        rank,
        split,
        step,
        max(epoch) as epoch,
        sum(loss_sum) as loss_sum,
        sum(elements) as elements,
        sum(loss_sum / nullif(elements, 0)) as loss_means,
        count(*) as batches,
        sum(hits) as hits,
        sum(judged) as judged
    from batches
    group by rank, split, step
),

so_far as (
    select
        rank,
        split,
        step,
        sum(loss_sum) over running / nullif(sum(elements) over running, 0) as so_far_loss,
        sum(loss_sum) over this_epoch / nullif(sum(elements) over this_epoch, 0) as epoch_loss,
        avg(loss_sum / nullif(elements, 0)) over running as so_far_losses,
        sum(loss_means) over running / sum(batches) over running as so_far_batches,
        sum(hits) over running / nullif(sum(judged) over running, 0) as so_far_accuracy,
        avg(hits / nullif(judged, 0)) over running as so_far_accuracies
    from totals
    window running as (partition by rank, split order by step), this_epoch as (partition by rank, split, epoch order by step)
)

select
    chosen.unit,
    any_value(chosen.rank) as rank,
    any_value(chosen.split) as split,
    any_value(chosen.step) as step,
    any_value(chosen.name) as name,
    any_value(chosen.family) as family,
    any_value(chosen.averaging) as averaging,
    any_value(chosen.value) as value,
    any_value(chosen.places) as places,
    any_value(chosen.place) as place,
    count(*) as batches,
    sum(n) as n,
    arg_min(n, batches.place) as first_n,
    sum(elements) as elements,
    sum(elements_total) as elements_total,
    sum(loss_sum) as loss_sum,
    sum(loss_sum_total) as loss_sum_total,
    sum(loss_mean_sum) as loss_mean_sum,
    sum(loss_sum / nullif(elements, 0)) as loss_means,
    arg_max(loss_sum / nullif(elements, 0), batches.place) as last_loss,
    bool_or(squashed) as squashed,
    sum(cross_entropy) as cross_entropy,
    sum(second_softmax) as second_softmax,
    sum(minus_probability) as minus_probability,
    sum(minus_output) as minus_output,
    sum(uniform_cross_entropy) as uniform_cross_entropy,
    sum(squared_error_one_hot) as squared_error_one_hot,
    sum(hits) as hits,
    sum(judged) as judged,
    sum(hits / nullif(judged, 0)) as hit_shares,
    arg_max(hits / nullif(judged, 0), batches.place) as last_hits,
    sum(sample_hits) as sample_hits,
    sum(perplexity_sum) as perplexity_sum,
    case when count(winner_hits) = count(*) then sum(winner_hits) end as winner_hits,
    sum(exp(least(loss_sum / nullif(elements, 0), 500))) as batch_perplexities,
    sum(hits_at_half) as hits_at_half,
    sum(hits_top3) as hits_top3,
    sum(hits_top5) as hits_top5,
    max(outputs) as outputs,
    sum(squared_error) filter (not outputs_missing) as squared_error,
    sum(absolute_error) filter (not outputs_missing) as absolute_error,
    sum(smooth_error) filter (not outputs_missing) as smooth_error,
    sum(sqrt(squared_error / nullif(elements, 0))) filter (not outputs_missing) as roots,
    sum((prediction_squares - 2 * prediction_sum * target_sum / n + target_squares) / n) filter (n = elements) as pairwise_square,
    sum(prediction_sum) as prediction_sum,
    sum(prediction_squares) as prediction_squares,
    sum(target_sum) as target_sum,
    sum(target_squares) as target_squares,
    sum(product_sum) as product_sum,
    any_value(so_far_loss) as so_far_loss,
    any_value(epoch_loss) as epoch_loss,
    any_value(so_far_losses) as so_far_losses,
    any_value(so_far_batches) as so_far_batches,
    any_value(so_far_accuracy) as so_far_accuracy,
    any_value(so_far_accuracies) as so_far_accuracies
from chosen
join
    batches
    on batches.rank = chosen.rank
    and batches.split = chosen.split
    and batches.step = chosen.step
    and (chosen.places = 1 or (chosen.places = batches.places and chosen.place = batches.place))
left join so_far on so_far.rank = chosen.rank and so_far.split = chosen.split and so_far.step = chosen.step and chosen.places = 1
group by chosen.unit
