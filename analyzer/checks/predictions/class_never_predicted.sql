/*
title: Classes that are never predicted
cause: class_imbalance
strength: strong
severity: warning
explains: [unknown, label_errors]
reads:
  classes: [targets, predictions]
params:
  rare: {default: 0.5, unit: share of an even share, source: "a class with its even share is missed for another reason than being rare"}
  targets: {default: 3, unit: samples, source: "one or two samples of a class say nothing"}
  passes: {default: 3, unit: passes through a split, source: "at first every model names the frequent classes"}
  losses: {default: 30, unit: training losses, source: "of a run of fewer passes"}
  guess: {default: 0.05, unit: probability, source: "at the rate of the class the absence of every prediction must be this improbable"}
finds: A class that makes up less than `rare` of an even share, there or in training, is the target of at least `targets` samples in the last pass of a split, and is predicted for none, while other classes are.
matters: The model gives up a rare class because the loss hardly notices; accuracy hides it.
do: Weight the loss or the sampler by class, watch the recall of each class or the balanced accuracy, look at how many samples of the class there are in training.
ignore: A class that is meant to be ignored.
*/
with totals as (
    select
        split,
        count(*) filter (targets > 0) as kinds
    from classes
    group by split
),

in_training as (
    select class, targets / samples as share
    from classes
    where split = 'train'
),

missed as (
    select
        classes.*,
        -- A class may be rare in training alone, or not be there at all.
        least(targets / samples, if(exists (from in_training), coalesce(in_training.share, 0), 1)) as share,
        kinds
    from classes
    join totals using (split)
    left join in_training using (class)
    where targets >= $targets and predictions = 0 and kinds > 1 and exp(-targets) < $guess and since is not null
)

select
    coalesce(run_facts.classes[class + 1], 'class ' || class) as subject,
    min(greatest(since, 0)) as step,
    max(step) as last_step,
    min(share) as value,
    $rare / any_value(kinds) as threshold,
    format('{} ({:.2g} % of {}) is predicted for none of its {:d} samples{}', coalesce(run_facts.classes[class + 1], 'class ' || class),
        100 * arg_max(targets / samples, targets), arg_max(split, targets), max(targets),
        if(min(share) < arg_max(targets / samples, targets), format(' and makes up {:.2g} % of the training data', 100 * min(share)), '')) as message
from missed, run_facts
where share < $rare / kinds and ((select max(pass) from passes) >= $passes - 1 or (select losses from learning) >= $losses)
group by class, run_facts.classes
order by step, subject
limit 50
