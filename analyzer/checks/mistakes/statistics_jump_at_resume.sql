/*
title: Running statistics that jump at a resume
cause: bad_resume
strength: strong
severity: error
explains: [unknown, normalization_statistics, overfitting]
reads:
  resumes: [step]
  buffers: [rms]
params:
  factor: {default: 10, unit: times the usual change between two recorded steps, source: "as in weights_jump_at_resume: far beyond what a run's own changes scatter"}
  change: {default: 0.2, unit: share of the norm, source: "with the default momentum of 0.1 a few steps move an average by less than this once it has settled"}
  tensors: {default: 0.5, unit: share of the buffers, source: "a load that went wrong touches most of them"}
finds: A resume across which the norms of at least `tensors` of the running means and variances change by more than `change` and by `factor` times their usual change between two recorded steps.
matters: The averages of the normalization layers were not loaded with the weights; what is evaluated before they have settled again is wrong.
do: Save and load model.state_dict(), which holds buffers, and not the parameters alone.
ignore: Statistics that are estimated anew on purpose.
*/
with changes as (
    select
        name,
        step,
        lag(step) over (partition by name order by step) as previous_step,
        abs(rms / nullif(lag(rms) over (partition by name order by step), 0) - 1) as change
    from buffers
    where split = 'train' and name like '%running_%'
),

usual as (
    select changes.name, median(change) as change
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
    format('{} of {} running statistics change by more than {:.0f} % across the resume at step {}, {} by {:.0f} %', count(*) filter (jumped), count(*), 100 * $change, step,
        arg_max(name, change), 100 * max(change)) as message
from across
group by step
having count(*) filter (jumped) >= $tensors * count(*)
order by step
