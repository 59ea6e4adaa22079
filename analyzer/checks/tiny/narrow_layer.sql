/*
title: A hidden layer too narrow for the classes behind it
cause: model_too_small
strength: strong
severity: warning
explains: [unknown, stopped_too_early]
reads:
  parameters: [shape, depth]
  evaluations: [train_accuracy]
  learning: [learned]
  output_ranges: [outputs]
params:
  width: {default: 0.5, unit: units over classes, source: "the logits of C classes have C - 1 free directions; a layer of fewer than half of them ties classes together"}
  accuracy: {default: 0.9, unit: share right, source: "a layer that narrow can still do for classes that are few and plain"}
  gap: {default: 0.1, unit: share right, source: "AUTOTRAINER: a gap of 0.1 is overfitting, not the lack of room"}
finds: A classifier whose layers form one chain, with a hidden layer of fewer than `width` times as many units as there are classes, whose accuracy is below `accuracy` in training and validation alike although its loss fell.
matters: All that the last layers know of a sample has to pass through these few numbers; longer training will not bring what does not fit.
do: Widen the layer to a few times the number of classes.
ignore: Bottlenecks that are the point of the model.
*/
with layers as (
    select
        name,
        shape[1] as units,
        dimensions,
        shape[2] as takes,
        depth,
        lag(dimensions) over (order by depth, name) as dimensions_before,
        lag(shape[1]) over (order by depth, name) as units_before,
        max(depth) over () as last_depth
    from parameters
    where dimensions >= 2 and not sparse and depth is not null
),

chain as (
    -- Each layer takes what the one before gives: as many units, or all places of as many channels.
    select bool_and(takes = units_before or (dimensions = 2 and dimensions_before > 2 and takes % units_before = 0)) as unbroken
    from layers
    where units_before is not null
),

narrowest as (
    select arg_min(name, units) as name, min(units) as units
    from layers, chain
    where depth < last_depth and unbroken
),

last_evaluation as (
    select
        arg_max(accuracy, step) as accuracy,
        arg_max(train_accuracy, step) as train_accuracy,
        max(step) as last_step
    from evaluations
    where accuracy is not null and train_accuracy is not null
)

select
    name as subject,
    0 as step,
    last_evaluation.last_step,
    units as value,
    $width * outputs as threshold,
    format(
        '{} has {} units for {} classes; accuracy ends at {:.0f} % in training and {:.0f} % in validation',
        name,
        units,
        outputs,
        100 * train_accuracy,
        100 * accuracy
    ) as message
from narrowest, last_evaluation, learning, output_ranges, run_facts
where
    coalesce(task, 'classification') = 'classification'
    and z_lowest is not null
    and target_lowest is null
    and units < $width * outputs
    and train_accuracy < $accuracy
    and train_accuracy - accuracy < $gap
    and coalesce(learned, false)
order by step
