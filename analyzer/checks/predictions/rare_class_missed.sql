/*
title: Rare classes that are hardly ever found
cause: class_imbalance
strength: strong
severity: warning
explains: [unknown, label_errors]
reads:
  classes: [targets, recall]
params:
  rare: {default: 0.3, unit: share of an even share, source: "Datalab calls a tenth imbalanced; a third is where recall begins to suffer on our zoo"}
  recall: {default: 0.3, unit: share found, source: "less than a third of what the class is"}
  others: {default: 0.7, unit: share found, source: "the common classes are learned well"}
  targets: {default: 10, unit: samples, source: "the recall of fewer is uncertain by more than 0.15"}
finds: A class of less than `rare` of an even share whose recall in the last evaluation is below `recall`, while the classes that have at least their even share are found in `others` of the cases and no class as rare as it in half of them.
matters: Accuracy looks fine because the rare class hardly counts in it.
do: Weight the loss or the sampler by class; watch the recall of each class; look for label errors in the class.
ignore: A class that is rare and cannot be told from another.
*/
with counted as (
    select
        *,
        count(*) filter (targets > 0) over (partition by split) as kinds
    from classes
    where split <> 'train'
),

common as (
    select
        split,
        sum(hits) / sum(targets) as recall
    from counted
    where targets / samples >= 1 / kinds
    group by split
)

select
    coalesce(run_facts.classes[class + 1], 'class ' || class) as subject,
    0 as step,
    counted.step as last_step,
    counted.recall as value,
    $recall as threshold,
    format('{:.0f} % of the samples of {} ({:.2g} % of {}) are found, against {:.0f} % of the common classes', 100 * counted.recall,
        coalesce(run_facts.classes[class + 1], 'class ' || class), 100 * targets / samples, split, 100 * common.recall) as message
from counted
join common using (split)
cross join run_facts
where
    targets >= $targets and predictions > 0 and targets / samples < $rare / kinds and counted.recall < $recall and common.recall >= $others
    -- Where an equally rare class is found, something else is hard about this one.
    and not exists (from counted as like_it where like_it.split = counted.split and like_it.targets between $targets and 1.5 * counted.targets and like_it.recall >= 0.5)
order by split, subject
limit 50
