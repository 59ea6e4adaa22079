/*
title: A resume without the optimizer's state
cause: bad_resume
strength: direct
severity: error
explains: [unknown, learning_rate_too_high, exploding_gradient, learning_rate_schedule, overfitting]
reads:
  resumes: [entries]
  optimizer_groups: [type]
params:
  counted: {default: 0.5, unit: share of the steps done, source: "a state that counts half the steps or fewer is not that of the last step"}
  steps: {default: 10, unit: steps, source: "before that there is hardly any state to lose"}
finds: A resume after which an optimizer that keeps state (moments, momentum) begins with none, or with a state that counts far fewer steps than were done.
matters: The first steps after the resume use no averages, so they are far too long in some directions; the loss jumps and some of what was learned is lost.
do: Save and load optimizer.state_dict() (and that of scheduler and scaler) beside the model's; load after the model is on its device and before the first step.
ignore: A new optimizer on purpose, as in a second phase of training.
*/
with stateful as (
    select bool_or(regexp_matches(lower(type), 'adam|rms|adagrad|adadelta|lion|lamb|rprop|lbfgs|muon|adafactor|shampoo|sophia') or coalesce(momentum, 0) > 0) as keeps_state
    from optimizer_groups
)

select
    'optimizer' as subject,
    step,
    step as last_step,
    coalesce(optimizer_steps, 0) as value,
    step as threshold,
    if(entries = 0, format('the optimizer goes on at step {} without any state', step),
        format('the optimizer goes on at step {} with a state that counts {:.0f} steps', step, optimizer_steps)) as message
from resumes, stateful
where keeps_state and step >= $steps and (entries = 0 or optimizer_steps < $counted * step)
order by step
