/*
title: A good part of the run at a learning rate of zero
cause: learning_rate_schedule
strength: direct
severity: warning
explains: [unknown, learning_rate_too_low, stopped_too_early, parameter_not_optimized, model_too_small]
reads:
  learning_rates: [rate]
params:
  share: {default: 0.1, unit: share of the run, source: "a warm-up begins with a step at zero and a decay ends with one; a tenth of all steps is neither"}
  steps: {default: 10, unit: steps in a row, source: "in a very short run a tenth may be that one step"}
finds: A rate that is exactly zero in every parameter group for `share` of the run, `steps` steps in a row at least, in a run that has a rate at other times.
matters: These steps cost what others cost and change nothing.
do: Look at what length the schedule was given (steps for epochs, another batch size, accumulation counted twice), and from which step it was resumed.
ignore: Steps that only measure the running statistics anew.
*/
with marked as (
    select
        step,
        rate,
        peak,
        place - row_number() over (partition by rate = 0 order by place) as stretch,
        count(*) over () as total
    from learning_rates
),

standstills as (
    select
        min(step) as step,
        max(step) as last_step,
        count(*) as steps,
        any_value(peak) as peak,
        any_value(total) as total
    from marked
    where rate = 0
    group by stretch
),

moves as (
    -- A rate that was logged rounded may read zero while the weights move.
    select distinct step
    from updates
    where split = 'train' and rms > 0
)

select
    'learning_rate' as subject,
    step,
    last_step,
    steps as value,
    ceil(greatest($steps, $share * total)) as threshold,
    format(
        'the learning rate is exactly zero from step {} to step {}, at {:.0f} % of all steps; before or after it is up to {:.3g}',
        step,
        last_step,
        100 * steps / total,
        peak
    ) as message
from standstills
where
    peak > 0
    and steps >= greatest($steps, $share * total)
    and not exists (from moves where moves.step between standstills.step and standstills.last_step)
order by step
limit 50
