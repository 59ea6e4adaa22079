/*
title: Running statistics that are never updated
cause: normalization_statistics
strength: direct
severity: error
explains: [unknown, split_mismatch, overfitting]
reads:
  buffers: [mean, rms]
params:
  patience: {default: 3, unit: recorded steps, source: "a training step in training mode always moves them"}
finds: Running means that are zero and running variances that are one at every recorded step, as they are when a norm is made.
matters: In evaluation the norm subtracts nothing and divides by one; what follows gets values on another scale than in training.
do: Look at momentum=0, at model.eval() during training, and at code that copies or resets the buffers.
ignore: Norms that are never used in evaluation.
*/
with settled as (
    select
        name,
        module,
        min(step) as step,
        max(last_step) as last_step,
        count(*) as recorded_steps,
        bool_and(case when name like '%running_var' then "min" = 1 and "max" = 1 else rms = 0 end) as untouched
    from buffers
    where split = 'train' and (name like '%running_var' or name like '%running_mean')
    group by name, module
)

select
    module as subject,
    min(step) as step,
    max(last_step) as last_step,
    max(recorded_steps) as value,
    $patience as threshold,
    format('the running mean and variance of {} are still 0 and 1 after {} recorded steps', module, max(recorded_steps)) as message
from settled
group by module
having bool_and(untouched) and count(*) = 2 and max(recorded_steps) >= $patience
order by step, subject
limit 50
