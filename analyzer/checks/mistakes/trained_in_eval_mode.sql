/*
title: Training with the model in evaluation mode
cause: wrong_mode
strength: direct
severity: error
explains: [unknown, normalization_statistics, overfitting]
reads:
  events: [kind]
params: {}
finds: Training steps at which the modules that act differently in training (dropout, batch norm, recurrent dropout) were all in evaluation mode.
matters: Dropout is off, and batch norm uses statistics that no longer follow the data, though both were put into the model on purpose.
do: Call model.train() after every evaluation; a function that evaluates should put the mode back.
ignore: Fine-tuning with all norms and dropout frozen on purpose.
*/
with modes as (
    select
        coalesce(step, 0) as step,
        (details ->> 'training')::boolean as training,
        coalesce((details ->> 'sensitive_modules')::bigint, 1) as sensitive,
        lead(step) over (order by step, seconds) as next_change
    from events
    where kind = 'mode' and details ->> 'split' = 'train'
),

final as (
    select max(step) as step
    from training_losses
)

select
    'train' as subject,
    min(modes.step) as step,
    max(coalesce(next_change - 1, final.step)) as last_step,
    sum(coalesce(next_change, final.step + 1) - modes.step) as value,
    0 as threshold,
    format(
        '{} training steps were taken in evaluation mode, from step {} on',
        sum(coalesce(next_change, final.step + 1) - modes.step),
        min(modes.step)
    ) as message
from modes, final
where not training and sensitive > 0
having count(*) > 0
order by step
