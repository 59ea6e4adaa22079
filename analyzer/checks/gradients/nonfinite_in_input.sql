/*
title: A NaN or infinity that comes in with the data
cause: nonfinite_input
strength: direct
expected: true
severity: error
explains: [unknown, nonfinite_forward, nonfinite_backward, exploding_gradient, learning_rate_too_high, loss_scaling, ignores_input, dead_units, class_imbalance]
reads:
  watched_tensors: [nonfinite]
params: {}
finds: A step, of training or of an evaluation, at which what the model was called with held a NaN or an infinity, and a loss that was not finite in the same split.
matters: One such value turns the loss and then every weight into NaN.
do: Look for the samples of that batch (the inputs table, the previews); missing values, a division by a standard deviation of zero and a log of zero in the preprocessing are the usual origins.
ignore: Inputs in which NaN marks what is missing and the model masks it before use.
*/
with measured as (
    select name, split, min(step) as step, max(last_step) as last_step, sum(nonfinite) as values
    from model_inputs
    where nonfinite > 0
    group by name, split
),

reported as (
    select
        details ->> 'tensor' as name,
        coalesce(details ->> 'split', 'train') as split,
        min(step) as step,
        max(step) as last_step,
        max(coalesce((details ->> 'count')::bigint, 1)) as values
    from events
    where kind = 'nonfinite' and details ->> 'kind' = 'input'
    group by all
),

together as (
    select name, split, min(step) as step, max(last_step) as last_step, max(values) as values
    from (from measured union all from reported)
    group by name, split
),

harmed as (
    select 'train' as split, max(spent) > 0 as harm
    from first_nonfinite
    union all
    select split, bool_or(not isfinite(value)) as harm
    from metrics
    where split <> 'train'
    group by split
)

select
    name as subject,
    coalesce(step, 0) as step,
    last_step,
    values as value,
    0 as threshold,
    format('what the model is called with in {} ({}) holds {} values that are NaN or infinite at step {}', split, name, values, coalesce(step, 0)) as message
from together
join harmed using (split)
where harm
order by step, subject
limit 50
