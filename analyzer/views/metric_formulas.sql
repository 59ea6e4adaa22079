-- One row per logged metric, split and wrong formula: in how many comparable evaluations the formula gives the logged number.
-- Record: rec.log(accuracy=accuracy) beside rec.samples(ids, loss=losses, prediction=outputs, target=targets)
-- Materialize
-- Column formula: what was computed instead, as a phrase
-- Column cause: metric_formula, padding_counted, percent (right, but in percent) or partial (only a part of the samples)
-- Column compared: logged numbers that could be recomputed (evaluations)
-- Column right: of these, the ones that the metric or an accepted variant of it gives (evaluations)
-- Column distinct_steps: numbers at which the wrong formula and every right one differ by more than 1e-4 (evaluations)
-- Column reproduced: of these, the ones that the wrong formula gives to within 1e-4 and a tenth of that difference (evaluations)
-- Column effect: typical difference of the wrong formula and the nearest right one, over the right value
-- Column step: first step that it reproduces (steps)
-- Column last_step: last step that it reproduces (steps)
-- Column logged_value: number logged at the last of them
-- Column right_value: what the metric is there
with units as (
    select
        logged_units.* replace (case when family = 'error_rate' then if(value > 1, 100, 1) - value else value end as value),
        class_scores.* exclude (unit),
        area_scores.* exclude (unit),
        hits / nullif(judged, 0) as share,
        loss_sum / nullif(elements, 0) as mean_loss,
        squared_error / nullif(elements, 0) as mean_square,
        absolute_error / nullif(elements, 0) as mean_absolute,
        if(n = elements, target_squares - target_sum * target_sum / n, null) as target_spread,
        if(n = elements, prediction_squares - prediction_sum * prediction_sum / n, null) as prediction_spread,
        if(n = elements, product_sum - prediction_sum * target_sum / n, null) as joint_spread
    from logged_units
    left join class_scores using (unit)
    left join area_scores using (unit)
    where family <> 'loss'
),

shares as (
    select
        unit, name, split, step, value,
        [share, sample_hits / n] as rights,
        unnest(
            [
                {'formula': 'the number of right predictions, not divided', 'cause': 'metric_formula', 'wrong': hits},
                {'formula': 'the sum of the batch values, not divided', 'cause': 'metric_formula', 'wrong': if(batches > 1, hit_shares, null)},
                {'formula': 'the sum of the batch values divided by the number of samples', 'cause': 'metric_formula', 'wrong': hit_shares / n},
                {'formula': 'the number of right predictions divided by the number of batches', 'cause': 'metric_formula', 'wrong': if(batches > 1, hits / batches, null)},
                {'formula': 'the number of right predictions divided by batches times batch size, although the last batch is shorter', 'cause': 'metric_formula',
                 'wrong': if(batches > 1, hits / (batches * first_n), null)},
                {'formula': 'the mean of the batch values, although the last batch is shorter', 'cause': if(split = 'train', 'partial', 'metric_formula'),
                 'wrong': if(batches > 1, hit_shares / batches, null)},
                {'formula': 'the value of the last batch alone', 'cause': if(split = 'train', 'partial', 'metric_formula'), 'wrong': if(batches > 1, last_hits, null)},
                {'formula': 'a running mean that is never reset', 'cause': if(split = 'train', 'partial', 'metric_formula'), 'wrong': if(places = 1, so_far_accuracy, null)},
                {'formula': 'a running mean of means that is never reset', 'cause': if(split = 'train', 'partial', 'metric_formula'), 'wrong': if(places = 1, so_far_accuracies, null)},
                {'formula': 'the share that an argmax over the batch predicts right, instead of over the classes', 'cause': 'metric_formula', 'wrong': winner_hits / n},
                {'formula': 'the share right where a logit above 0.5, and not above 0, counts as class 1', 'cause': 'metric_formula', 'wrong': if(outputs = 1, hits_at_half / n, null)},
                {'formula': 'the share predicted wrong', 'cause': 'metric_formula', 'wrong': 1 - share},
                {'formula': 'the share whose target is among the three best outputs', 'cause': 'metric_formula', 'wrong': if(outputs > 3, hits_top3 / n, null)},
                {'formula': 'the share whose target is among the five best outputs', 'cause': 'metric_formula', 'wrong': if(outputs > 5, hits_top5 / n, null)},
                {'formula': 'the mean recall over the classes (balanced accuracy)', 'cause': 'metric_formula', 'wrong': macro_targets.recall},
                {'formula': 'the share of all pairs of a prediction and a target that are equal ([N, 1] broadcast against [N])', 'cause': 'metric_formula', 'wrong': pairwise},
                {'formula': 'the right predictions divided by all elements, padding too', 'cause': 'padding_counted',
                 'wrong': if(elements_total > elements, hits / elements_total, null)},
                {'formula': 'the share of all elements, with padding counted as predicted right', 'cause': 'padding_counted',
                 'wrong': if(elements_total > elements, (hits + elements_total - elements) / elements_total, null)}
            ],
            recursive := true
        )
    from units
    where family in ('accuracy', 'error_rate') and share is not null
),

averages as (
    select
        unit, name, split, step, value,
        list_transform(list_filter(accepted, lambda s: s is not null), lambda s: case family when 'f1' then s.f1 when 'precision' then s.precision else s.recall end) as rights,
        candidate.formula,
        'metric_formula' as cause,
        case family when 'f1' then candidate.s.f1 when 'precision' then candidate.s.precision else candidate.s.recall end as wrong
    from (
        select
            unit, name, split, step, value, family,
            [
                if(coalesce(averaging, 'macro') = 'macro', macro, null), if(coalesce(averaging, 'macro') = 'macro', macro_targets, null),
                if(coalesce(averaging, 'macro') = 'macro', macro_outputs, null), if(coalesce(averaging, 'weighted') = 'weighted', weighted, null),
                if(coalesce(averaging, 'micro') = 'micro', pooled, null), if(averaging is null, positive, null),
                if(coalesce(averaging, 'macro') = 'macro', harmonic, null)
            ] as accepted,
            unnest(
                [
                    {'formula': 'class 0 taken as the positive class', 's': if(averaging is null, negative, null)},
                    {'formula': 'the micro average', 's': if(averaging in ('macro', 'weighted'), pooled, null)},
                    {'formula': 'the macro average', 's': if(averaging in ('micro', 'weighted'), macro, null)},
                    {'formula': 'the average weighted by class', 's': if(averaging in ('micro', 'macro'), weighted, null)},
                    {'formula': 'the value of class 1 alone', 's': if(averaging is not null, positive, null)},
                    {'formula': 'the mean of the macro averages of the batches', 's': if(batches > 1, batch_macro, null)},
                    {'formula': 'the mean of the values of the batches', 's': if(batches > 1, batch_positive, null)},
                    {'formula': 'prediction and target swapped', 's': if(averaging is null, positive_swapped, null)},
                    {'formula': 'prediction and target swapped (macro average)', 's': if(coalesce(averaging, 'macro') = 'macro', macro_swapped, null)}
                ]
            ) as candidate
        from
            (
                select
                    *,
                    {'precision': share, 'recall': share, 'f1': share} as pooled,
                    {
                        'precision': macro.precision, 'recall': macro.recall,
                        'f1': 2 * macro.precision * macro.recall / nullif(macro.precision + macro.recall, 0)
                    } as harmonic,
                    {'precision': positive.recall, 'recall': positive.precision, 'f1': null::double} as positive_swapped,
                    {'precision': macro.recall, 'recall': macro.precision, 'f1': null::double} as macro_swapped
                from units
                where family in ('f1', 'precision', 'recall') and macro is not null
            )
    )
),

balanced as (
    select
        unit, name, split, step, value,
        [macro_targets.recall, macro.recall, macro_outputs.recall] as rights,
        unnest(
            [
                {'formula': 'the plain accuracy', 'cause': 'metric_formula', 'wrong': share},
                {'formula': 'the mean of the values of the batches', 'cause': 'metric_formula', 'wrong': if(batches > 1, batch_macro.recall, null)}
            ],
            recursive := true
        )
    from units
    where family = 'balanced_accuracy' and macro is not null
),

areas as (
    select
        unit, name, split, step, value,
        if(family = 'iou', iou, dice) as rights,
        unnest(
            [
                {'formula': 'the share of pixels predicted right', 'cause': 'metric_formula', 'wrong': share},
                {'formula': 'the intersection over the sum of the two areas', 'cause': 'metric_formula', 'wrong': sum_of_areas[1]},
                {'formula': 'the intersection over the sum of the two areas, without class 0', 'cause': 'metric_formula', 'wrong': sum_of_areas[2]},
                {'formula': if(family = 'iou', 'the Dice coefficient', 'the intersection over union'), 'cause': 'metric_formula', 'wrong': if(family = 'iou', dice[1], iou[1])},
                {'formula': if(family = 'iou', 'the Dice coefficient without class 0', 'the intersection over union without class 0'), 'cause': 'metric_formula',
                 'wrong': if(family = 'iou', dice[2], iou[2])}
            ],
            recursive := true
        )
    from units
    where family in ('iou', 'dice') and iou is not null
),

errors as (
    select
        unit, name, split, step, value,
        case family
            when 'mse' then [mean_square]
            when 'rmse' then [sqrt(mean_square)]
            when 'mae' then [mean_absolute]
            when 'r2' then [1 - squared_error / nullif(target_spread, 0), joint_spread * joint_spread / nullif(target_spread * prediction_spread, 0)]
            when 'brier' then [squared_error_one_hot / n, squared_error_one_hot / n / 2, squared_error_one_hot / n / outputs]
            when 'top3' then [hits_top3 / n]
            when 'top5' then [hits_top5 / n]
            when 'perplexity' then [exp(least(mean_loss, 500)), exp(least(loss_mean_sum / n, 500))]
        end as rights,
        unnest(
            [
                {'formula': 'the mean square without the root', 'cause': 'metric_formula', 'wrong': if(family = 'rmse', mean_square, null)},
                {'formula': 'the root of the mean square', 'cause': 'metric_formula', 'wrong': if(family = 'mse', sqrt(mean_square), null)},
                {'formula': 'the mean of the roots of the batches', 'cause': 'metric_formula', 'wrong': if(family = 'rmse' and batches > 1, roots / batches, null)},
                {'formula': 'the sum over the samples, not divided', 'cause': 'metric_formula',
                 'wrong': case family when 'mse' then squared_error when 'mae' then absolute_error when 'brier' then squared_error_one_hot end},
                {'formula': 'the root of the summed squares, not divided', 'cause': 'metric_formula', 'wrong': if(family = 'rmse', sqrt(squared_error), null)},
                {'formula': 'the mean divided by the number of samples again', 'cause': 'metric_formula',
                 'wrong': case family when 'mse' then mean_square / n when 'mae' then mean_absolute / n end},
                {'formula': 'the mean over all pairs of a prediction and a target ([N, 1] broadcast against [N])', 'cause': 'metric_formula',
                 'wrong': case family when 'mse' then pairwise_square / batches when 'rmse' then sqrt(pairwise_square / batches) end},
                {'formula': 'prediction and target swapped', 'cause': 'metric_formula',
                 'wrong': if(family = 'r2', 1 - squared_error / nullif(prediction_spread, 0), null)},
                {'formula': 'the correlation, not squared', 'cause': 'metric_formula',
                 'wrong': if(family = 'r2', joint_spread / nullif(sqrt(target_spread * prediction_spread), 0), null)},
                {'formula': 'the plain accuracy', 'cause': 'metric_formula', 'wrong': if(family in ('top3', 'top5'), share, null)},
                {'formula': 'the mean of the perplexities of the batches', 'cause': 'metric_formula',
                 'wrong': if(family = 'perplexity' and batches > 1, batch_perplexities / batches, null)},
                {'formula': 'the mean of the perplexities of the samples', 'cause': 'metric_formula', 'wrong': if(family = 'perplexity', perplexity_sum / n, null)},
                {'formula': '2 to the power of a loss in nats', 'cause': 'metric_formula', 'wrong': if(family = 'perplexity', 2 ** least(mean_loss, 500), null)},
                {'formula': 'exp of the mean of the batch losses, although the batches differ in size', 'cause': 'metric_formula',
                 'wrong': if(family = 'perplexity' and batches > 1, exp(least(loss_means / batches, 500)), null)},
                {'formula': 'exp of the loss over all elements, padding too', 'cause': 'padding_counted',
                 'wrong': if(family = 'perplexity' and elements_total > elements, exp(least(loss_sum_total / elements_total, 500)), null)},
                {'formula': 'exp of the loss divided by all elements, padding too', 'cause': 'padding_counted',
                 'wrong': if(family = 'perplexity' and elements_total > elements, exp(least(loss_sum / elements_total, 500)), null)}
            ],
            recursive := true
        )
    from units
    where family in ('mse', 'rmse', 'mae', 'r2', 'brier', 'perplexity', 'top3', 'top5')
),

candidates as (
    select * from shares
    union all by name
    select * from averages
    union all by name
    select * from balanced
    union all by name
    select * from areas
    union all by name
    select * from errors
),

usable as (
    select unit, name, split, step, value, formula, cause, wrong, list_filter(rights, lambda r: r is not null and isfinite(r)) as rights
    from candidates
    where wrong is not null and isfinite(wrong)
),

-- A share may be logged in percent. That alone is no fault, and no disguise of one.
scaled as (
    select usable.* replace (if(scale = 100, formula || ', in percent', formula) as formula, wrong * scale as wrong), scale
    from usable, (values (1), (100)) as scales (scale)
    where len(rights) > 0
    union all by name
    select unit, name, split, step, value, 'the right value in percent' as formula, 'percent' as cause, 100 * rights[1] as wrong, rights, 1 as scale
    from (from usable where len(rights) > 0 qualify row_number() over (partition by unit) = 1)
),

weighed as (
    select
        *,
        -- In either unit: a hundredth of a share, in percent, is the share again.
        list_min(list_transform(rights, lambda r: if(cause = 'percent', abs(wrong - r), least(abs(wrong - r), abs(wrong - 100 * r))))) as gap,
        list_bool_or(list_transform(rights, lambda r: abs(value - r) <= 1e-3 * abs(r) + 1e-9)) as is_right
    from scaled
),

told_apart as (
    select
        *,
        gap > 1e-4 * abs(wrong) as different,
        abs(value - wrong) <= least(1e-4 * abs(wrong), 0.1 * gap) as reproduces
    from weighed
)

select
    name,
    split,
    formula,
    cause,
    count(*) as compared,
    count(*) filter (is_right) as "right",
    count(*) filter (different) as distinct_steps,
    count(*) filter (different and reproduces) as reproduced,
    median(gap / nullif(abs(rights[1] * scale), 0)) filter (different) as effect,
    min(step) filter (different and reproduces) as step,
    max(step) filter (different and reproduces) as last_step,
    arg_max(value, step) filter (different and reproduces) as logged_value,
    arg_max(rights[1], step) filter (different and reproduces) as right_value
from told_apart
group by name, split, formula, cause
