/*
title: Weight decay that moves the weights more than the loss does
cause: weight_decay_too_high
strength: strong
severity: warning
explains: [unknown, learning_rate_too_high, vanishing_gradient, learning_rate_too_low, model_too_small, ignores_input, dead_units, class_imbalance]
reads:
  matrix_steps: [weight_rms, gradient_rms, update_rms]
  optimizer_groups: [weight_decay]
  learning: [last_loss]
params:
  share: {default: 0.5, unit: "decay term over gradient, or over the update for AdamW", source: "TheDeepChecker K26 compares the same two; healthy runs of our zoo stay below 0.1 while there is something to learn, planted faults above 0.9"}
  progress: {default: 0.2, unit: share of the first loss, source: "a model that is down to this has little gradient left, whatever the decay"}
  patience: {default: 3, unit: recorded steps, source: "a few batches can have a small gradient"}
finds: For half of the weight matrices and in the later half of the run, weight decay times the weight is `share` of the gradient and more (AdamW - of the whole update), and the loss is not down to `progress` of its first level.
matters: The weights follow the penalty and not the data.
do: Divide the weight decay by ten.
ignore: A model that has learned all there is, whose gradients are almost zero.
*/
with rates as (
    select step, rate
    from learning_rates
),

joined as (
    select
        matrix_steps.name,
        matrix_steps.recorded,
        matrix_steps.step,
        matrix_steps.last_step,
        weight_decay,
        case
            when type in ('AdamW', 'Lion', 'SGDW', 'Adafactor') then rate * weight_decay * weight_rms / nullif(update_rms, 0)
            else weight_decay * weight_rms / nullif(gradient_rms, 0)
        end as outweighed
    from matrix_steps
    join optimizer_groups using (optimizer_group)
    left join rates on rates.step = matrix_steps.step
    where weight_decay > 0
),

by_step as (
    select
        recorded,
        min(step) as step,
        max(last_step) as last_step,
        any_value(weight_decay) as weight_decay,
        median(outweighed) filter (isfinite(outweighed)) as outweighed,
        max(recorded) over () as last_recorded
    from joined
    group by recorded
)

select
    '' as subject,
    min(step) filter (outweighed >= $share) as step,
    max(last_step) as last_step,
    median(outweighed) filter (recorded >= last_recorded / 2) as value,
    $share as threshold,
    format(
        'weight decay {:.3g} pulls {:.1f} times as hard as the loss in the later half of the run',
        any_value(weight_decay),
        median(outweighed) filter (recorded >= last_recorded / 2)
    ) as message
from by_step, learning
where last_loss > $progress * first_loss
having
    count(*) filter (recorded >= last_recorded / 2) >= $patience
    and median(outweighed) filter (recorded >= last_recorded / 2) >= $share
order by step
