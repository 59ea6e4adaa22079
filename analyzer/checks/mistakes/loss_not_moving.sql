/*
title: A training loss that does not move
cause: unknown
strength: symptom
severity: error
explains: []
reads:
  learning: [first_loss]
params:
  losses: {default: 30, unit: training losses, source: "a run shorter than this is not judged"}
  progress: {default: 0.02, unit: share of the first loss, source: "runmedic no_learning: less than 2 % over the run"}
  spell: {default: 0.2, unit: share of the first loss, source: "a loss that was down by a fifth at some time has moved; that it came back is another question"}
  certainty: {default: 4, unit: standard errors, source: "a fall smaller than this is not told from chance"}
finds: A loss that over the whole run fell by less than `progress` of its first level, or by less than can be told from noise, and was never certainly below it by `spell`, while no recorded accuracy shows that there was nothing left to learn.
matters: The model learns nothing; every hour of this run was lost from its start.
do: Look for the cause in the gradients and updates below; try whether the model can learn two examples by heart (recorder.probes.overfit).
ignore: Fine-tuning that starts at its optimum; losses that are no measure of success (adversarial, policy gradient).
*/
with thirds as (
    select
        avg(loss) filter (3 * place < total) as first_third,
        avg(loss) filter (3 * place >= 2 * total) as last_third
    from (
        select loss, row_number() over (order by step) - 1 as place, count(*) over () as total
        from training_losses
        where isfinite(loss)
    )
),

best_accuracy as (
    select max(greatest(coalesce(accuracy, 0), coalesce(train_accuracy, 0))) as accuracy
    from evaluations
)

select
    'loss' as subject,
    (select min(step) from loss_windows) as step,
    (select max(last_step) from loss_windows) as last_step,
    first_loss - last_third as value,
    $progress * first_loss as threshold,
    format('the training loss is {:.4g} at the start and still {:.4g} in the last third of {} steps', first_loss, last_third, losses) as message
from learning
cross join thirds
left join best_accuracy on true
where
    losses >= $losses
    and not nonfinite_at_end
    and first_loss > 0
    and best_loss >= 0
    and first_third - last_third < greatest($progress * first_loss, $certainty * scatter * sqrt(6 / losses))
    and first_loss - last_third < greatest($progress * first_loss, $certainty * noise)
    and last_third < greatest(1.1 * first_loss, first_loss + $certainty * noise)
    and first_loss - best_loss < greatest($spell * first_loss, 2 * $certainty * noise)
    and coalesce(best_accuracy.accuracy, 0) < 0.8
order by step
