/*
title: A model that is mostly frozen and learns nothing
cause: frozen_parameter
strength: strong
severity: warning
explains: [unknown, model_too_small, learning_rate_too_low, ignores_input, class_imbalance]
reads:
  parameters: [trainable]
  learning: [best_loss]
params:
  share: {default: 0.5, unit: share of the weights, source: "most of a model"}
  losses: {default: 30, unit: training losses, source: "a run shorter than this is not judged"}
  progress: {default: 0.02, unit: share of the first loss, source: "runmedic no_learning: less than 2 % over the run"}
  certainty: {default: 4, unit: standard errors, source: "a fall smaller than this is not told from chance"}
  spell: {default: 0.2, unit: share of the first loss, source: "a loss that was down by a fifth at some time has moved"}
  known: {default: 0.8, unit: accuracy, source: "nothing was left to learn, as in loss_not_moving"}
  rise: {default: 1.5, unit: times the first loss, source: "a loss that climbs is driven by the part that does learn"}
finds: Parameters with requires_grad off from the first to the last recorded step that make up at least `share` of the weights, in a run whose loss did not certainly fall by `progress`, nor was ever certainly below its first level by `spell`.
matters: What little may learn cannot make up for what is frozen.
do: Set requires_grad to True before the optimizer is made; look for from_pretrained(), which freezes by default, eval-only helpers and a loop over the wrong parameters.
ignore: Fine-tuning that starts at its optimum.
*/
with counted as (
    select
        sum(numel) filter (not trainable) / sum(numel) as frozen,
        count(*) filter (not trainable) as tensors,
        arg_max(name, numel) filter (not trainable) as largest,
        min(first_step) as step,
        max(last_step) as last_step
    from parameters
),

best_accuracy as (
    select max(greatest(coalesce(accuracy, 0), coalesce(train_accuracy, 0))) as accuracy
    from evaluations
)

select
    largest as subject,
    step,
    last_step,
    frozen as value,
    $share as threshold,
    format('{:.0f} % of the weights are frozen ({} tensors), and the loss goes from {:.4g} to {:.4g}', 100 * frozen, tensors, first_loss, last_loss) as message
from counted, learning, best_accuracy
where
    frozen >= $share
    and losses >= $losses
    and not nonfinite_at_end
    and coalesce(accuracy, 0) < $known
    and first_loss > 0
    and best_loss >= 0
    and first_loss - last_loss < greatest($progress * first_loss, $certainty * noise)
    and first_loss - best_loss < greatest($spell * first_loss, 2 * $certainty * noise)
    and last_loss < $rise * first_loss
order by step
