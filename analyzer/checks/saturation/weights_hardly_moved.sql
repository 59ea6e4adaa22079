/*
title: Weights that hardly moved in the whole run
cause: learning_rate_too_low
strength: strong
severity: error
explains: [unknown, stopped_too_early, model_too_small, ignores_input, class_imbalance]
reads:
  step_sizes: [update_ratio, gradient_ratio]
  learning: [last_loss]
params:
  travelled: {default: 0.05, unit: share of the weights, source: "sum of all update ratios; at the 1e-3 a step that is wanted it takes 50 steps"}
  pace: {default: 3, unit: times travelled, source: "a run that went this fast for a while has a schedule that ended, not a rate that is too low"}
  progress: {default: 0.7, unit: share of the first loss, source: "a loss that came further down than this is learning"}
  losses: {default: 50, unit: training losses, source: "a shorter run has no time to go anywhere"}
  accuracy: {default: 0.8, unit: share right, source: "a model that is this good already has no far way to go"}
finds: A run whose updates, all added up, come to less than `travelled` of the weights, though the gradient was there, and whose loss is still above `progress` of where it began.
matters: Had every step gone in the same direction, the weights would still be about what they were at the start.
do: Raise the learning rate by ten and look again; aim at updates between 1e-3 and 1e-2 of the weights.
ignore: Fine-tuning of a model that was good before.
*/
with travel as (
    select
        min(step) as step,
        max(last_step) as last_step,
        sum(update_ratio * steps) as travelled,
        max(update_ratio) as fastest,
        count(*) as recorded_steps,
        count(*) filter (gradient_ratio > 0) as with_gradient
    from step_sizes
),

best as (
    select max(greatest(coalesce(accuracy, 0), coalesce(train_accuracy, 0))) as accuracy
    from evaluations
)

select
    '' as subject,
    travel.step,
    travel.last_step,
    travelled as value,
    $travelled as threshold,
    format(
        'all updates of {} steps together are {:.2g} of the weights; the loss goes from {:.4g} to {:.4g}',
        losses,
        travelled,
        first_loss,
        last_loss
    ) as message
from travel
cross join learning
left join best on true
where
    losses >= $losses
    and recorded_steps >= 4
    and with_gradient >= 0.8 * recorded_steps
    and travelled > 0
    and travelled < $travelled
    and fastest * losses < $pace * $travelled
    and first_loss > 0
    and last_loss > $progress * first_loss
    and coalesce(best.accuracy, 0) < $accuracy
order by travel.step
