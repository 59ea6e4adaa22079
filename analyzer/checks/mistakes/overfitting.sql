/*
title: Longer training that makes validation worse
cause: overfitting
strength: direct
severity: warning
explains: [unknown]
reads:
  evaluations: [loss, train_loss]
params:
  rise: {default: 0.1, unit: share of the best validation loss, source: "SageMaker Debugger, Overfit ratio_threshold; runmedic warns at 5 % to 15 %"}
  regained: {default: 0.2, unit: share of the progress made, source: "the rise must cost a part of what validation had gained since training began"}
  unharmed: {default: 0.5, unit: share of the progress made, source: "where the answers stay right the loss rises by overconfidence, and must cost half"}
  errors: {default: 2, unit: standard errors of the accuracy, source: "a smaller fall of the accuracy is one or two samples"}
  patience: {default: 3, unit: evaluations after the best one, source: "shorter rises are noise, or the patience of early stopping"}
  fall: {default: 0.05, unit: share of the training loss, source: "training must have gone on improving meanwhile"}
  better: {default: 0.005, unit: share of the samples, source: "an accuracy that rises by this much says that validation still improves"}
finds: A split whose loss, averaged over its last `patience` evaluations, is above its best by `rise` and by `regained` of the progress made, while the training loss fell by `fall`, and whose accuracy did not improve; an accuracy that did not certainly fall either asks for `unharmed` of the progress.
matters: The weights of the end are worse than those of an earlier step; the model learns its training samples by heart.
do: Take the checkpoint of the best evaluation; stop there next time; add data, augmentation, weight decay or dropout.
ignore: A loss that rises by overconfidence alone while the accuracy still improves; double descent.
*/
with numbered as (
    select
        *,
        count(*) over (partition by split) as evaluations,
        -- What was learned before the first evaluation shows in the training loss up to it.
        first_value(greatest(loss, train_loss)) over (partition by split order by evaluation) as first_loss
    from evaluations
    where isfinite(loss) and split not in ('test', 'predict')
),

best as (
    select
        split,
        min(loss) as loss,
        arg_min(evaluation, loss) as evaluation,
        arg_min(step, loss) as step,
        arg_min(train_loss, loss) as train_loss,
        arg_min(accuracy, loss) as accuracy,
        arg_min(samples, loss) as samples,
        any_value(first_loss) as first_loss
    from numbered
    group by split
),

ending as (
    select
        split,
        avg(loss) as loss,
        min(loss) as lowest,
        avg(train_loss) as train_loss,
        max(accuracy) as accuracy,
        avg(accuracy) as usual_accuracy,
        max(step) as step,
        min(evaluation) as evaluation
    from numbered
    where evaluation >= evaluations - $patience
    group by split
)

select
    best.split as subject,
    best.step,
    ending.step as last_step,
    ending.loss as value,
    best.loss * (1 + $rise) as threshold,
    format(
        'the {} loss rises from {:.4g} at step {} to {:.4g} at the end, while the training loss falls from {:.4g} to {:.4g}',
        best.split, best.loss, best.step, ending.loss, best.train_loss, ending.train_loss
    ) as message
from best
join ending using (split)
where
    best.loss > 0
    and ending.evaluation > best.evaluation
    and ending.lowest > best.loss * (1 + $rise / 2)
    and ending.loss > best.loss * (1 + $rise)
    and ending.loss - best.loss > (best.first_loss - best.loss) * case
        when ending.usual_accuracy >= best.accuracy - $errors * sqrt(best.accuracy * (1 - best.accuracy) / best.samples) then $unharmed
        else $regained
    end
    and ending.train_loss < (1 - $fall) * best.train_loss
    and coalesce(ending.accuracy < best.accuracy + $better, true)
order by step, subject
