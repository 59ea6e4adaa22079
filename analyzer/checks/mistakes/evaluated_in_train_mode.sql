/*
title: Evaluation with the model in training mode
cause: wrong_mode
strength: direct
severity: error
explains: [unknown, normalization_statistics, overfitting, split_mismatch]
reads:
  events: [kind]
params: {}
finds: A split other than train in which modules that act differently in training (dropout, batch norm, recurrent dropout) were in training mode.
matters: Dropout still drops and batch norm still learns from the evaluation data; the numbers of this split are noisy and wrong, and the weights' statistics are changed by looking.
do: Call model.eval() before evaluating and model.train() after it.
ignore: Dropout that is left on to sample (Monte Carlo dropout).
*/
with modes as (
    select
        step,
        details ->> 'split' as split,
        (details ->> 'training')::boolean as training,
        coalesce((details ->> 'sensitive_modules')::bigint, 1) as sensitive
    from events
    where kind = 'mode'
),

wrong as (
    select
        split,
        min(coalesce(step, 0)) filter (training and sensitive > 0) as step,
        count(*) filter (training and sensitive > 0) as times
    from modes
    where split <> 'train'
    group by split
),

last_seen as (
    select split, max(step) as step
    from evaluations
    group by split
)

select
    split as subject,
    wrong.step,
    last_seen.step as last_step,
    times as value,
    0 as threshold,
    format('the split {} is evaluated in training mode from step {} on', split, wrong.step) as message
from wrong
left join last_seen using (split)
where times > 0
order by step, subject
