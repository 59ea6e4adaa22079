/*
title: A NaN or infinity that comes in with the data
cause: nonfinite_input
strength: direct
severity: error
explains: [unknown, nonfinite_forward, nonfinite_backward, exploding_gradient, learning_rate_too_high, loss_scaling]
reads:
  watched_tensors: [nonfinite]
params: {}
finds: A recorded step at which what the model was called with held a NaN or an infinity.
matters: One such value turns the loss and then every weight into NaN.
do: Look for the samples of that batch (the inputs table, the previews); missing values, a division by a standard deviation of zero and a log of zero in the preprocessing are the usual origins.
ignore: Inputs in which NaN marks what is missing and the model masks it before use.
*/
with found as (
    select name, min(step) as step, max(last_step) as last_step, sum(nonfinite) as values
    from model_inputs
    where nonfinite > 0
    group by name
),

reported as (
    select details ->> 'tensor' as name, min(step) as step, max(step) as last_step, sum(coalesce((details ->> 'count')::bigint, 1)) as values
    from events
    where kind = 'nonfinite' and details ->> 'kind' = 'input'
    group by name
),

harmed as (
    select coalesce(max(spent), 0) as spent
    from first_nonfinite
),

together as (
    select name, min(step) as step, max(last_step) as last_step, max(values) as values
    from (from found union all from reported)
    group by name
)

select
    name as subject,
    step,
    last_step,
    values as value,
    0 as threshold,
    format('what the model is called with ({}) holds {} values that are NaN or infinite at step {}', name, values, step) as message
from together, harmed
where spent > 0
order by step, subject
limit 50
