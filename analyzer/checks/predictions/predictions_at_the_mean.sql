/*
title: Predictions that stay at the mean of the targets
cause: unknown
strength: symptom
severity: warning
explains: []
reads:
  output_spreads: [prediction_spread, target_spread]
params:
  spread: {default: 0.1, unit: share of the spread of the targets, source: "the predictions explain at most a hundredth of the variance"}
  patience: {default: 3, unit: passes up to the end, source: "at the start every regression predicts about the mean"}
  samples: {default: 30, unit: samples, source: "the spread of fewer is uncertain by more than an eighth"}
finds: A regression whose predictions spread less than `spread` of what the targets spread, in the last `patience` passes of every split.
matters: The model has learned the average target and nothing more.
do: Look at the shapes of prediction and target in the loss first, [N, 1] against [N] gives just this; then at whether inputs and targets belong together.
ignore: Targets that cannot be predicted from the inputs.
*/
with ranked as (
    select *, row_number() over (partition by split order by pass desc) as place
    from output_spreads
    where target_spread > 0 and samples >= $samples
),

verdicts as (
    select
        split,
        count(*) as passes,
        max(prediction_spread / target_spread) as share,
        min(first_step) as step,
        max(step) as last_step
    from ranked
    where place <= $patience
    group by split
)

select
    split as subject,
    step,
    last_step,
    share as value,
    $spread as threshold,
    format('the predictions of {} spread {:.2g} times as far as the targets', split, share) as message
from verdicts
where passes = $patience and share < $spread and not exists (from verdicts where share >= $spread)
order by split <> 'train', step, subject
