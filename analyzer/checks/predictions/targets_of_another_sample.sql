/*
title: Predictions that fit the sample beside their own
cause: targets_misaligned
strength: strong
severity: error
explains: [unknown, labels_random, metric_formula, split_mismatch]
reads:
  neighbour_agreement: [own]
params:
  margin: {default: 0.2, unit: share of the samples, source: "neighbours agree no more than chance gives where samples are in random order"}
  factor: {default: 1.5, unit: times the agreement with the own target, source: "sorted samples agree with neighbours nearly as well as with themselves, never better"}
  patience: {default: 2, unit: passes up to the end, source: "a single odd evaluation is no finding"}
  samples: {default: 30, unit: samples, source: "fewer may agree by chance"}
finds: Evaluations in which the predictions equal the target of the sample before or after more often than their own, by `margin` and `factor`, in the last `patience` passes.
matters: Predictions and targets are not in the same order, so that the evaluation says nothing of the model.
do: Keep ids, inputs and targets together in one item; look for a roll, a drop of one row, or two loaders that are zipped.
ignore: A model that is meant to predict the next sample.
*/
with ranked as (
    select *, row_number() over (partition by split order by pass desc) as place
    from neighbour_agreement
    where samples >= $samples
),

verdicts as (
    select
        split,
        count(*) as passes,
        min(before - own) as before_margin,
        min(after - own) as after_margin,
        bool_and(before >= $factor * own) as before_often,
        bool_and(after >= $factor * own) as after_often,
        max(step) as last_step,
        arg_max(own, pass) as own,
        arg_max(greatest(before, after), pass) as agreement
    from ranked
    where place <= $patience
    group by split
)

select
    split as subject,
    0 as step,
    last_step,
    agreement as value,
    own as threshold,
    format('in {} {:.0f} % of the predictions equal the target of the sample {} and {:.0f} % their own', split, 100 * agreement, if(before_margin > after_margin, 'before', 'after'), 100 * own) as message
from verdicts
where passes = $patience and ((before_margin > $margin and before_often) or (after_margin > $margin and after_often))
order by subject
