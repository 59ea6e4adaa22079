/*
title: Weights that jump at a resume
cause: bad_resume
strength: strong
severity: error
explains: [unknown, learning_rate_too_high, bad_initialization, weight_decay_too_high]
reads:
  resumes: [step]
  weights: [rms]
params:
  factor: {default: 10, unit: times the usual change between two recorded steps, source: "far beyond what a run's own changes scatter"}
  change: {default: 0.02, unit: share of the norm, source: "rounding and a few skipped steps stay below"}
  tensors: {default: 0.5, unit: share of the weights, source: "a load that went wrong touches most of them"}
finds: A resume across which the norms of at least `tensors` of the weight tensors change by more than `change` and by `factor` times their usual change between two recorded steps.
matters: The weights that were loaded are not those that the run ended with; an old checkpoint, a wrong one, or none.
do: Check which file is loaded and that load_state_dict is strict; compare the norm of a few weights after loading with the last ones recorded.
ignore: Weights that were averaged, pruned or taken from an earlier step on purpose.
*/
with changes as (
    select
        name,
        step,
        lag(step) over (partition by name order by step) as previous_step,
        abs(rms / nullif(lag(rms) over (partition by name order by step), 0) - 1) as change
    from weights
    where split = 'train' and len(shape) > 1
),

usual as (
    select changes.name, quantile_cont(change, 0.9) as change
    from changes
    where not exists (from resumes where resumes.step > changes.previous_step and resumes.step <= changes.step)
    group by changes.name
),

across as (
    select
        resumes.step,
        changes.name,
        changes.change,
        changes.change > $change and changes.change > $factor * coalesce(usual.change, 0) as jumped
    from resumes
    join changes on resumes.step > changes.previous_step and resumes.step <= changes.step
    left join usual using (name)
    where changes.change is not null
)

select
    arg_max(name, change) as subject,
    step,
    step as last_step,
    max(change) as value,
    $change as threshold,
    format('the norms of {} of {} weights change by more than {:.0f} % across the resume at step {}, that of {} by {:.0f} %', count(*) filter (jumped), count(*), 100 * $change, step,
        arg_max(name, change), 100 * max(change)) as message
from across
group by step
having count(*) filter (jumped) >= $tensors * count(*)
order by step
