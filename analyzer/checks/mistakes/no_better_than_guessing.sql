/*
title: Training samples predicted no better than by a guess
cause: unknown
strength: symptom
severity: error
explains: []
reads:
  samples: [step, target, loss_sum, correct]
  class_levels: [guess_loss, majority]
  learning: [losses]
params:
  losses: {default: 30, unit: training losses, source: "a run shorter than this is not judged"}
  share: {default: 0.97, unit: share of the loss of a guess, source: "the entropy of the classes is the loss of who knows only how often each occurs; a model that uses its input is below"}
  certainty: {default: 3, unit: standard errors, source: "an accuracy this far above the most frequent class is not chance"}
finds: A classifier whose training loss in the last third of the run is at least `share` of the entropy of its classes, and whose accuracy is that of naming the most frequent one.
matters: After the whole run the model knows how often each class occurs and nothing else.
do: Look for what keeps it from learning in the findings below; try whether it can learn two examples by heart (recorder.probes.overfit).
ignore: Labels that are noise on purpose.
*/
with last_third as (
    select
        count(*) as samples,
        min(step) as step,
        max(step) as last_step,
        sum(loss_sum::double) / sum(elements) as loss,
        avg(correct::int) as accuracy
    from samples
    where
        split = 'train'
        and target is not null
        and isfinite(loss_sum)
        and step >= (select 2 * max(step) / 3 from training_losses)
)

select
    'train' as subject,
    coalesce((select min(step) from training_losses), 0) as step,
    last_step,
    loss as value,
    $share * guess_loss as threshold,
    format(
        'in the last third of the run the training loss is {:.4g} and the accuracy {:.3f}; a guess has {:.4g} and {:.3f}', loss, accuracy, guess_loss, majority
    ) as message
from last_third
join class_levels on class_levels.split = 'train'
cross join learning
where
    losses >= $losses
    and kinds > 1
    and loss >= $share * guess_loss
    and accuracy <= majority + 0.02 + $certainty * sqrt(majority * (1 - majority) / last_third.samples)
order by step
