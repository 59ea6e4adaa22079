/*
title: Labels that sure predictions contradict
cause: label_errors
strength: strong
expected: true
severity: warning
explains: [overfitting]
reads:
  label_doubts: [contradicted]
  classes: [class]
params:
  visits: {default: 3, unit: visits, source: "a hard sample is mistaken for sure once or twice while the model learns"}
  agreement: {default: 0.5, unit: share of the sample's sure predictions, source: "once the label is learned by heart the sure predictions repeat it"}
  share: {default: 0.006, unit: share of the samples, source: "measured on digits, about a sixth of the labels that are wrong are found so; without wrong labels it is below 0.002"}
  most: {default: 0.15, unit: share of the samples, source: "nearly half of the surest third; a model that is wrong so often when it is sure is no judge"}
  judge: {default: 0.18, unit: share wrong in the surest third, source: "a model that is wrong so often when it is sure is no judge of labels"}
  steepness: {default: 3, unit: times the errors of the surest third, source: "wrong labels alone give 1; classes that overlap give more the less they do"}
  overlap: {default: 0.15, unit: share wrong in the middle third, source: "classes that overlap so much are wrong among the sure predictions as well"}
  level: {default: 1.6, unit: times the errors of the surest third, source: "above `overlap` the errors must be as frequent where the model is sure"}
  one_class: {default: 0.5, unit: share of the found samples, source: "beyond it, where there are more than two classes, they are as likely a group within one class that looks like another"}
  samples: {default: 5, unit: samples, source: "fewer occur in clean data"}
finds: Samples that were predicted as one other class at `visits` or more visits, each time among the surest third of the predictions for that class, and at least `agreement` of the times that the prediction was sure; reported where they are between `share` and `most` of a split and `samples` or more, and where the errors do not simply grow as the predictions get less sure, as they do where classes overlap. With more than two classes, no more than `one_class` of them may carry one and the same label.
matters: A model spends its capacity on wrong labels and learns them by heart in the end; wrong labels in the evaluation hide which model is better.
do: Look through these samples, most certain first, and mend or drop the labels; look at who or what labelled them.
ignore: Classes that overlap by nature; samples that are shown on purpose with another label.
*/
with suspects as (
    select
        *,
        count(*) over (partition by split) as found,
        count(*) over (partition by split, target) as found_in_class
    from label_doubts
    where
        contradicted >= $visits and contradicted >= $agreement * confident and always_the_same
        and surest_errors <= $judge
        and middle_errors <= $steepness * surest_errors
        and (middle_errors <= $overlap or middle_errors <= $level * surest_errors)
),

crowded as (
    select
        *,
        max(found_in_class) over (partition by split) as most_in_a_class
    from suspects
)

select
    sample_id as subject,
    greatest(step, 0) as step,
    last_step,
    p_target as value,
    $share as threshold,
    format('{} in {} is labelled {}, but {} of {} sure predictions say {}, with probability {:.2f}; {} of {} samples of the split are like it',
        sample_id, split, coalesce(run_facts.classes[target + 1], target::varchar), contradicted, confident, coalesce(run_facts.classes[suggested + 1], suggested::varchar), p_suggested, found,
        crowded.samples) as message
from crowded, run_facts
where (most_in_a_class <= $one_class * found or (select count(distinct class) from classes) <= 2) and found >= $samples and found between $share * crowded.samples and $most * crowded.samples
order by contradicted * p_suggested desc, p_target, subject
limit 50
