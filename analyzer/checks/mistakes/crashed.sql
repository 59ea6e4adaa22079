/*
title: A process that ended by an exception, a signal or a kill
cause: crashed
strength: direct
severity: error
explains: []
reads:
  events: [kind]
params: {}
finds: A recorded exception or signal, or a recording that has no end although its process is gone.
matters: The run did not do all the steps it was meant to do; the message and the last lines of the stack say where it stopped.
do: Read the message; the rows up to the last step are all there. Go on with Recorder(..., resume=True).
ignore: A run stopped by hand on purpose.
*/
with last_start as (
    select coalesce(max(seconds) filter (kind in ('started', 'resumed')), 0) as started
    from events
),

ends as (
    select kind, step, message
    from events, last_start
    where kind in ('exception', 'signal', 'finished') and seconds >= started
),

last_step as (
    select max(step) as step
    from (select step from metrics union all select step from stats)
)

select
    coalesce(ends.kind, 'killed') as subject,
    coalesce(ends.step, last_step.step) as step,
    coalesce(ends.step, last_step.step) as last_step,
    null as value,
    null as threshold,
    case
        when ends.kind is null then format('the log ends after step {} without an end: the process was killed or the machine went away', last_step.step)
        else format('the process ended by {} at step {}: {}', ends.kind, coalesce(ends.step, last_step.step), left(ends.message, 300))
    end as message
from last_step
cross join run_facts
left join ends on ends.kind in ('exception', 'signal')
where
    (ends.kind is not null or not exists (select 1 from ends where kind = 'finished'))
    and (ends.kind is not null or not coalesce(run_facts.running, false))
    and exists (select 1 from events where kind = 'started')
order by step
limit 1
