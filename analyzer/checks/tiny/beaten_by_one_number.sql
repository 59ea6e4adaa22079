/*
title: A model that one number of its input beats
cause: model_too_small
strength: strong
severity: warning
explains: [unknown, stopped_too_early, weight_decay_too_high, learning_rate_too_low]
reads:
  inputs: [mean, std]
  samples: [target, correct]
  evaluations: [train_accuracy]
  loss_windows: [median]
  step_sizes: [update_ratio]
params:
  cells: {default: 10, unit: equal groups of the samples, source: "ten answers, learned by counting: no model worth training knows less"}
  samples: {default: 300, unit: samples, source: "thirty a group, so that the most frequent class of a group is no accident"}
  margin: {default: 0.2, unit: share right, source: "twice the gap between training and validation that AUTOTRAINER allows"}
  gap: {default: 0.1, unit: share right, source: "AUTOTRAINER: a gap of 0.1 is overfitting, not the lack of room"}
  level: {default: 0.03, unit: share of the loss, source: "the last third of the run brings no more than this"}
  travelled: {default: 0.5, unit: share of the weights, source: "sum of all update ratios; ten times what weights_hardly_moved calls none"}
  kept: {default: 0.5, unit: share of the first weights, source: "weights that shrank to less have lost what they knew"}
finds: A classifier whose training and validation accuracy are close together and `margin` below that of a table which sorts the samples by one number of their input (mean, standard deviation, smallest, largest, root mean square) into `cells` equal groups and names the most frequent class of each, although its weights went a long way without shrinking and its loss has come to a level, and whose training accuracy was below that of the table at every evaluation.
matters: What the classes differ in is there and simple, and the model cannot express it; longer training will not bring it.
do: Add a hidden layer, width or depth, or give the model this number as an input; look first whether the data reach it as they are recorded.
ignore: Nothing; a linear model that meets a curved boundary is this.
*/
with sorted as (
    select
        train.target,
        numbers.name,
        ntile($cells) over (partition by numbers.name order by numbers.value, train.sample_id) as cell,
        count(*) over (partition by numbers.name) as samples
    from (select sample_id, any_value(target) as target from samples where split = 'train' and target is not null group by sample_id) as train
    join (select sample_id, arg_min(mean, step) as mean, arg_min(std, step) as std, arg_min("min", step) as lowest, arg_min("max", step) as highest
        from inputs where split = 'train' group by sample_id) as looks using (sample_id),
    unnest([
        {'name': 'mean', 'value': mean::double},
        {'name': 'standard deviation', 'value': std::double},
        {'name': 'smallest value', 'value': lowest::double},
        {'name': 'largest value', 'value': highest::double},
        {'name': 'root mean square', 'value': sqrt(mean::double * mean + std::double * std)}
    ]) as listed (entry), lateral (select entry.name, entry.value) as numbers
    where isfinite(numbers.value)
),

tables as (
    select name, any_value(samples) as samples, sum(hits) / sum(n) as accuracy
    from (
        select name, any_value(samples) as samples, max(n) as hits, sum(n) as n
        from (select name, cell, target, count(*) as n, any_value(samples) as samples from sorted group by name, cell, target)
        group by name, cell
    )
    group by name
),

best as (
    select first(name order by accuracy desc, name desc) as name, max(accuracy) as accuracy
    from tables
    where samples >= $samples
),

last_evaluation as (
    select arg_max(accuracy, step) as accuracy, arg_max(train_accuracy, step) as train_accuracy
    from evaluations
    where accuracy is not null
),

at_best as (
    -- A model that once knew more than the table has room for it, and lost it.
    select coalesce(max(train_accuracy), 0) as train_accuracy
    from evaluations
),

moved as (
    select sum(update_ratio * steps) as travelled
    from step_sizes
),

shrunk as (
    select median(last_rms / nullif(first_rms, 0)) as kept
    from parameters
    where dimensions >= 2 and trainable
)

select
    '' as subject,
    loss_tail.first_step as step,
    loss_tail.last_step,
    last_evaluation.train_accuracy as value,
    best.accuracy as threshold,
    format(
        'the {} of the input alone, in {} groups, tells the class of {:.0f} % of the training samples; the model is right for {:.0f} % of them and {:.0f} % of the others, and its loss is level at {:.4g}',
        name, $cells, 100 * best.accuracy, 100 * last_evaluation.train_accuracy, 100 * last_evaluation.accuracy, after
    ) as message
from best, last_evaluation, at_best, loss_tail, moved, shrunk, learning
where
    last_evaluation.train_accuracy < best.accuracy - $margin
    and last_evaluation.accuracy < best.accuracy - $margin
    and at_best.train_accuracy < best.accuracy
    and abs(last_evaluation.train_accuracy - last_evaluation.accuracy) < $gap
    and abs(before - after) < $level * abs(before) + 2 * noise
    and not nonfinite_at_end
    and travelled >= $travelled
    and coalesce(kept, 1) >= $kept
order by step
