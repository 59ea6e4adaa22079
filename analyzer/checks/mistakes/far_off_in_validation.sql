/*
title: An evaluation that is far worse than any constant, of a model that fits its training data
cause: split_mismatch
strength: strong
severity: error
explains: [unknown, overfitting]
reads:
  evaluations: [loss, train_loss]
  output_spreads: [target_spread]
  run_facts: [loss]
params:
  worse: {default: 10, unit: times the variance of the targets, source: "what a model has learned by heart it repeats at unseen inputs of the same kind, which costs about twice the variance"}
  fitted: {default: 0.5, unit: share of the variance of the targets, source: "half of what is to be learned is learned"}
finds: A regression by squared error whose last evaluation has an error of more than `worse` times the variance of its targets, while the training error is below `fitted` of it.
matters: The model is asked about inputs, or compared with targets, that are unlike all it was trained on.
do: Compare the columns of both splits one by one - units, order, scaling with the numbers of the training split, missing values.
ignore: A test of what lies far outside of the training data, made on purpose.
*/
with spreads as (
    select split, arg_max(target_spread, pass) ** 2 as variance
    from output_spreads
    group by split
),

ends as (
    select split, max(step) as step, arg_max(loss, step) as loss, arg_max(train_loss, step) as train_loss
    from evaluations
    where isfinite(loss) and isfinite(train_loss)
    group by split
)

select
    split as subject,
    0 as step,
    ends.step as last_step,
    ends.loss / variance as value,
    $worse as threshold,
    format('{} has an error of {:.3g} times the variance of its targets, training one of {:.2g} times', split, ends.loss / variance, train_loss / variance) as message
from ends
join spreads using (split)
cross join run_facts
where run_facts.loss = 'mse_loss' and variance > 0 and ends.loss > $worse * variance and train_loss < $fitted * variance
order by split
