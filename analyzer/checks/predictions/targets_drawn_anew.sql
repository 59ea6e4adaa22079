/*
title: Targets that are new at every visit, and that nothing tells
cause: labels_random
strength: strong
severity: error
explains: [unknown, learning_rate_too_low, model_too_small, overfitting, stopped_too_early]
reads:
  samples: [target_value, predicted_value]
params:
  kept: {default: 0.05, unit: share of the variance of the targets, source: "targets that belong to their samples keep most of it from visit to visit, noise that is drawn at each visit keeps none"}
  correlation: {default: 0.05, unit: correlation of predictions and targets, source: "a model that learned a four-hundredth of the variance is beyond it"}
  learned: {default: 0.5, unit: share of the spread of the first predictions, source: "a model that learns nothing else learns the mean, and its predictions draw together; one that is not trained keeps its spread"}
  passes: {default: 5, unit: passes over the training data, source: "noise is predicted in part after the first"}
  samples: {default: 300, unit: samples, source: "over all passes a correlation of zero then has a standard error of about 0.03"}
finds: A regression whose targets differ as much between two visits of one sample as between two samples, and whose predictions, in the second half of at least `passes` passes, do not follow them in any output, while they have drawn together since the first pass.
matters: What is asked for is drawn anew at each visit and is not in what the model is given. The best it can do is the mean.
do: Look whether the target is the very noise (mask, crop, permutation) that went into the input, or a second draw of it; keep the draw in a variable and use it twice.
ignore: A value that is to be predicted on average only.
*/
with visits as (
    select
        sample_id,
        pass,
        unnest(range(coalesce(len(target_values), 1))) as output,
        unnest(coalesce(target_values, [target_value]))::double as target,
        unnest(coalesce(predicted_values, [predicted_value]))::double as predicted
    from samples
    where split = 'train' and epoch is not null and isfinite(target_value) and isfinite(predicted_value)
),

ordered as (
    select *, lead(target) over (partition by sample_id, output order by pass) as next_target, max(pass) over () as last_pass
    from visits
),

spreads as (
    select output, arg_min(spread, pass) as first_spread, arg_max(spread, pass) as last_spread
    from (select pass, output, stddev_pop(predicted) as spread from ordered group by pass, output)
    group by output
),

by_output as (
    select
        output,
        count(distinct sample_id) as samples,
        count(distinct pass) as passes,
        count(next_target) as pairs,
        corr(target, next_target) as kept,
        corr(predicted, target) filter (2 * pass >= last_pass) as correlation,
        stddev_pop(target) as spread
    from ordered
    group by output
),

judged as (
    select
        min(samples) as samples,
        min(passes) as passes,
        min(pairs) as pairs,
        min(by_output.spread) as spread,
        arg_max(kept, abs(kept)) as kept,
        arg_max(correlation, abs(correlation)) as correlation,
        max(last_spread / nullif(first_spread, 0)) as left_of_spread
    from by_output
    join spreads using (output)
)

select
    'train' as subject,
    0 as step,
    (select max(step) from training_losses) as last_step,
    abs(correlation) as value,
    $correlation as threshold,
    format('the targets of a sample change from visit to visit (they correlate by {:.2f}), and the predictions correlate with them by no more than {:.3f} in the second half of {} passes', kept, abs(correlation), passes) as message
from judged
where
    samples >= $samples and passes >= $passes and pairs >= $samples and spread > 0
    and abs(kept) < $kept
    and abs(correlation) < $correlation
    and left_of_spread < $learned
order by step
