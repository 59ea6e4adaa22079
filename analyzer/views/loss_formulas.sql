-- One row per logged loss, split and wrong formula: in how many comparable steps the formula gives the logged number.
-- Record: rec.log(loss=loss) beside rec.samples(ids, loss=losses, prediction=outputs, target=targets), and Recorder(loss=criterion)
-- Materialize
-- Column formula: what was computed instead, as a phrase
-- Column cause: of 4 kinds: loss_formula, padding_counted, shape_broadcast, partial (only a part of the step's samples)
-- Column compared: logged numbers that could be recomputed (steps)
-- Column right: of these, the ones that the declared loss or an accepted variant of it gives (steps)
-- Column distinct_steps: numbers at which the wrong formula and every right one differ by more than 1e-4 (steps)
-- Column reproduced: of these, the ones that the wrong formula gives to within 1e-4 and a tenth of that difference (steps)
-- Column effect: typical difference of the wrong formula and the nearest right one, over the right value
-- Column step: first step that it reproduces (steps)
-- Column last_step: last step that it reproduces (steps)
-- Column logged_value: number logged at the last of them
-- Column right_value: what the declared loss gives there
with facts as (
    select
        loss,
        -- A loss of the user's own, or none declared, may reduce as it likes.
        case
            when loss in (
                'cross_entropy', 'nll_loss', 'binary_cross_entropy', 'binary_cross_entropy_with_logits', 'mse_loss', 'l1_loss', 'smooth_l1_loss', 'huber_loss'
            ) then coalesce(reduction, 'mean')
        end as reduction,
        coalesce(label_smoothing, 0) as smoothing,
        coalesce(weighted, false) as weighted,
        ignore_index
    from run_facts
),

units as (
    select * from logged_units where family = 'loss'
    union all by name
    -- The recorded losses of the samples are a number like those that are logged: is it the declared loss of the recorded predictions?
    select * replace ('losses given to rec.samples' as name, loss_sum / nullif(elements, 0) as value)
    from logged_units
    where family = 'loss' and places = 1
),

declared as (
    select
        units.*,
        smoothing,
        reduction,
        loss_sum / nullif(elements, 0) as mean_loss,
        case
            when weighted then null
            when loss in ('cross_entropy', 'nll_loss') and not squashed and outputs > 1
                then (1 - smoothing) * cross_entropy / n + if(smoothing > 0, smoothing * uniform_cross_entropy / n, 0)
            when loss = 'binary_cross_entropy_with_logits' and outputs = 1 then cross_entropy / n
            when loss = 'mse_loss' then squared_error / nullif(elements, 0)
            when loss = 'l1_loss' then absolute_error / nullif(elements, 0)
            when loss = 'smooth_l1_loss' then smooth_error / nullif(elements, 0)
        end as from_predictions,
        loss is null and not squashed and outputs > 1 and not weighted as undeclared,
        loss is null and elements > 0 as undeclared_error,
        loss = 'mse_loss' or loss is null as squares,
        name = 'losses given to rec.samples' as of_samples
    from units, facts
),

training as (
    -- Where nothing is declared, a mean in training says that a sum in evaluation is meant to be a mean too.
    select avg((abs(value - mean_loss) <= 1e-3 * abs(mean_loss))::int) >= 0.9 as logs_means
    from declared
    where split = 'train' and not of_samples
),

judged as (
    select
        unit,
        name,
        split,
        step,
        value,
        coalesce(from_predictions, mean_loss) as right_value,
        list_filter(
            [
                from_predictions, mean_loss, loss_mean_sum / n, if(reduction = 'sum', loss_sum, null), if(reduction = 'sum', loss_means, null),
                if(elements > n, loss_sum / n, null), if(split = 'train' and batches > 1, mean_loss / batches, null), if(split = 'train', epoch_loss, null)
            ],
            lambda r: r is not null and isfinite(r)
        ) as reductions_right,
        [coalesce(from_predictions, if(undeclared, cross_entropy / n, null), if(undeclared_error, squared_error / elements, null))] as predictions_right,
        unnest(
            [
                {'formula': 'a softmax of the softmax (the cross-entropy of probabilities instead of logits)', 'cause': 'loss_formula', 'of_predictions': true,
                 'wrong': if(squashed, null, second_softmax / n)},
                {'formula': 'minus the probability of the target (nll_loss of probabilities, without the logarithm)', 'cause': 'loss_formula', 'of_predictions': true,
                 'wrong': minus_probability / n},
                {'formula': 'minus the output of the target (nll_loss of raw outputs, without a log_softmax)', 'cause': 'loss_formula', 'of_predictions': true,
                 'wrong': if(squashed, null, minus_output / n)},
                {'formula': 'the cross-entropy in bits (logarithm to base 2)', 'cause': 'loss_formula', 'of_predictions': true,
                 'wrong': if(smoothing = 0, cross_entropy / n / ln(2), null)},
                {'formula': 'the mean over all pairs of a prediction and a target ([N, 1] broadcast against [N])', 'cause': 'shape_broadcast', 'of_predictions': true,
                 'wrong': if(squares, pairwise_square / batches, null)},
                {'formula': 'the mean over all elements, padding and ignored ones too', 'cause': 'padding_counted', 'of_predictions': false,
                 'wrong': if(elements_total > elements and not of_samples, loss_sum_total / elements_total, null)},
                {'formula': 'the loss of the elements that count, divided by all elements, padding too', 'cause': 'padding_counted', 'of_predictions': false,
                 'wrong': if(elements_total > elements and not of_samples, loss_sum / elements_total, null)},
                {'formula': 'the sum over the elements instead of their mean', 'cause': 'loss_formula', 'of_predictions': false,
                 'wrong': if(meant_as_mean and not of_samples, loss_sum, null)},
                {'formula': 'the sum of the batch means, not divided by the number of batches', 'cause': 'loss_formula', 'of_predictions': false,
                 'wrong': if(batches > 1 and meant_as_mean and not of_samples, loss_means, null)},
                {'formula': 'the batch mean divided by the batch size again', 'cause': 'loss_formula', 'of_predictions': false,
                 'wrong': if(batches = 1 and not of_samples, mean_loss / n, null)},
                -- The micro-batches of one step may be divided by their number, which may be that of the classes.
                {'formula': 'the mean over the classes too (divided by their number)', 'cause': 'loss_formula', 'of_predictions': false,
                 'wrong': if(reduction = 'mean' and outputs > 2 and (batches = 1 or split <> 'train') and not of_samples, mean_loss / outputs, null)},
                {'formula': 'the sum of the batch means divided by the number of samples (divided by the batch size twice)', 'cause': 'loss_formula', 'of_predictions': false,
                 'wrong': if(batches > 1 and not of_samples, loss_means / n, null)},
                {'formula': 'the sum of the batch sums divided by the number of batches', 'cause': 'loss_formula', 'of_predictions': false,
                 'wrong': if(batches > 1 and meant_as_mean and not of_samples, loss_sum / batches, null)},
                {'formula': 'the mean of the batch means divided by the number of batches again', 'cause': 'loss_formula', 'of_predictions': false,
                 'wrong': if(batches > 1 and split <> 'train' and not of_samples, loss_means / batches / batches, null)},
                {'formula': 'the mean of the batch means, although the last batch is shorter', 'cause': if(split = 'train', 'partial', 'loss_formula'), 'of_predictions': false,
                 'wrong': if(batches > 1 and not of_samples, loss_means / batches, null)},
                {'formula': 'the loss of the last batch alone', 'cause': if(split = 'train', 'partial', 'loss_formula'), 'of_predictions': false,
                 'wrong': if(batches > 1 and not of_samples, last_loss, null)},
                {'formula': 'a running mean that is never reset', 'cause': if(split = 'train', 'partial', 'loss_formula'), 'of_predictions': false,
                 'wrong': if(places = 1 and not of_samples, so_far_loss, null)},
                {'formula': 'a running mean of means that is never reset', 'cause': if(split = 'train', 'partial', 'loss_formula'), 'of_predictions': false,
                 'wrong': if(places = 1 and not of_samples, so_far_losses, null)},
                {'formula': 'a running mean of batch means that is never reset', 'cause': if(split = 'train', 'partial', 'loss_formula'), 'of_predictions': false,
                 'wrong': if(places = 1 and not of_samples, so_far_batches, null)},
                {'formula': 'the root of the mean loss', 'cause': 'loss_formula', 'of_predictions': false,
                 'wrong': if(meant_as_mean and not of_samples and mean_loss > 0, sqrt(mean_loss), null)},
                {'formula': 'the mean of the roots of the batch means', 'cause': 'loss_formula', 'of_predictions': false,
                 'wrong': if(batches > 1 and squares and meant_as_mean and not of_samples, roots / batches, null)},
                {'formula': 'the perplexity, exp of the loss', 'cause': 'loss_formula', 'of_predictions': false,
                 'wrong': if(not of_samples, exp(least(mean_loss, 500)), null)}
            ],
            recursive := true
        )
    from (
        select *, reduction = 'mean' or (reduction is null and split <> 'train' and coalesce(logs_means, false)) as meant_as_mean
        from declared, training
    )
),

compared as (
    select * exclude (predictions_right, reductions_right), if(of_predictions, predictions_right, reductions_right) as rights
    from judged
    where wrong is not null and isfinite(wrong)
),

weighed as (
    select
        * exclude (rights),
        list_min(list_transform(rights, lambda r: abs(wrong - r))) as gap,
        list_bool_or(list_transform(rights, lambda r: abs(value - r) <= 1e-3 * abs(r) + 1e-9)) as is_right
    from compared
    where len(list_filter(rights, lambda r: r is not null)) > 0
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
    bool_or(of_predictions) as of_predictions,
    count(*) as compared,
    count(*) filter (is_right) as "right",
    count(*) filter (different) as distinct_steps,
    count(*) filter (different and reproduces) as reproduced,
    median(gap / nullif(abs(right_value), 0)) filter (different) as effect,
    min(step) filter (different and reproduces) as step,
    max(step) filter (different and reproduces) as last_step,
    arg_max(value, step) filter (different and reproduces) as logged_value,
    arg_max(right_value, step) filter (different and reproduces) as right_value
from told_apart
group by name, split, formula, cause
