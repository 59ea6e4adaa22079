/*
title: A learning rate that jumps at a resume
cause: bad_resume
strength: strong
severity: error
explains: [unknown, learning_rate_schedule, learning_rate_too_high, learning_rate_too_low, exploding_gradient]
reads:
  resumes: [rate_before, rate_after]
params:
  factor: {default: 1.5, unit: times, source: "schedules change by a few percent a step but for drops by two or ten, which stand elsewhere in the run too"}
finds: A learning rate that changes by `factor` at a resume and nowhere else by as much, or that is back at the value of the run's first step.
matters: The schedule was not restored, so that the run starts over with a rate that no longer fits, or goes on with one that fits another run.
do: Save and load scheduler.state_dict(); build the scheduler before the state is loaded; check that the optimizer's state did not overwrite a new rate.
ignore: A new rate on purpose, as after a divergence.
*/
select
    'learning_rate' as subject,
    step,
    step as last_step,
    rate_after / rate_before as value,
    $factor as threshold,
    format('the learning rate is {:.4g} before the resume at step {} and {:.4g} after it{}', rate_before, step, rate_after,
        if(abs(rate_after - rate_first) <= 1e-6 * rate_first, ', as at the first step of the run', '')) as message
from resumes
where
    rate_before > 0 and rate_after > 0
    and greatest(rate_after / rate_before, rate_before / rate_after) >= $factor
    and (greatest(rate_after / rate_before, rate_before / rate_after) > coalesce(rate_change, 1) or abs(rate_after - rate_first) <= 1e-6 * rate_first)
order by step
