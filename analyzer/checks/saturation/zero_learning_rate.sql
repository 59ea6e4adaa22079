/*
title: A learning rate of zero
cause: learning_rate_too_low
strength: direct
severity: error
explains: [unknown, parameter_not_optimized, stopped_too_early, model_too_small]
reads:
  learning_rates: [rate]
params:
  steps: {default: 5, unit: steps, source: "a warm-up may begin with one"}
finds: A learning rate that is zero at every step of the run.
matters: Nothing moves.
do: Look at what the scheduler or the configuration sets the rate to.
ignore: A dry run.
*/
select
    'learning_rate' as subject,
    min(step) as step,
    max(step) as last_step,
    0 as value,
    0 as threshold,
    format('the learning rate is zero at all {} steps', count(*)) as message
from learning_rates
having count(*) >= $steps and max(rate) = 0
order by step
