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
  patience: {default: 3, unit: tenths of the run, source: "at the start every model guesses; one that still does in the last three tenths will not stop by itself"}
finds: A classifier whose training loss, in at least `patience` tenths of the run up to its end, is `share` of the entropy of its classes or more, and whose accuracy is that of naming the most frequent one, or whose outputs are themselves as undecided as a guess.
matters: After the whole run the model knows how often each class occurs and nothing else.
do: Look for what keeps it from learning in the findings below; try whether it can learn two examples by heart (recorder.probes.overfit).
ignore: Labels that are noise on purpose.
*/
with tenths as (
    select
        10 * step // (select max(step) + 1 from training_losses) as tenth,
        min(step) as step,
        max(step) as last_step,
        sum(loss_sum::double) / sum(elements) as loss,
        avg(correct::int) as accuracy,
        avg(entropy) as entropy,
        count(*) as samples
    from samples
    where split = 'train' and target is not null and isfinite(loss_sum) and step >= 0
    group by tenth
),

judged as (
    select
        tenths.*,
        guess_loss,
        majority,
        loss >= $share * guess_loss
            and (
                accuracy <= majority + 0.02 + $certainty * sqrt(majority * (1 - majority) / tenths.samples)
                -- Which of two classes is ahead by a hair may fall right more often than chance and is worth nothing.
                or coalesce(entropy >= $share * guess_loss, false)
            ) as guessing
    from tenths
    join class_levels on class_levels.split = 'train'
    where kinds > 1
),

final_stretch as (
    select *
    from judged
    where tenth > coalesce((select max(tenth) from judged where not guessing), -1)
)

select
    'train' as subject,
    min(step) as step,
    max(last_step) as last_step,
    sum(loss * samples) / sum(samples) as value,
    $share * any_value(guess_loss) as threshold,
    format(
        'since step {} the training loss is {:.4g} and the accuracy {:.3f}; a guess has {:.4g} and {:.3f}',
        min(step), sum(loss * samples) / sum(samples), sum(accuracy * samples) / sum(samples), any_value(guess_loss), any_value(majority)
    ) as message
from final_stretch
where (select losses from learning) >= $losses
having count(*) >= $patience
order by step
