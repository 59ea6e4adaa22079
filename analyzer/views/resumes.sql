-- One row per resume: the step with which the run went on, and what is seen around it.
-- Record: Recorder(run_dir, model, optimizer, resume=True) writes the event
-- Materialize
-- Column step: first step after the resume (steps)
-- Column entries: parameters for which the optimizer brought state along; null where no optimizer was seen
-- Column optimizer_steps: steps that the optimizer's state counts; null where it counts none
-- Column epoch_before: last epoch logged before
-- Column epoch_after: first epoch logged after
-- Column rate_before: last learning rate before
-- Column rate_after: first learning rate after
-- Column rate_first: learning rate of the first step of the run
-- Column rate_change: largest factor by which the learning rate changes from one step to the next elsewhere
-- Column loss_before: median training loss of the last 20 steps before
-- Column loss_after: median training loss of the first 20 steps after
-- Column loss_spread: median absolute deviation of the training loss in the last 20 steps before
-- Column loss_first: median training loss of the first 20 steps of the run
with resumed as (
    select distinct step
    from events
    where kind = 'resumed' and step > 0
),

states as (
    select
        step,
        max(json_extract(details, '$.entries')::bigint) as entries,
        max(json_extract(details, '$.steps')::double) as optimizer_steps
    from events
    where kind = 'optimizer_state'
    group by step
),

rates as (
    select step, avg(value) as rate, avg(value) / nullif(lag(avg(value)) over (order by step), 0) as change
    from metrics
    where name = 'learning_rate' and split = 'train' and step is not null
    group by step
),

epochs as (
    select step, min(epoch) as epoch
    from metrics
    where split = 'train' and epoch is not null and step is not null
    group by step
),

losses as (
    select
        resumed.step,
        training_losses.step as loss_step,
        loss,
        row_number() over (partition by resumed.step, training_losses.step < resumed.step order by abs(training_losses.step - resumed.step + 0.5)) as distance,
        row_number() over (partition by resumed.step order by training_losses.step) as number
    from resumed, training_losses
    where isfinite(loss)
),

around as (
    select
        step,
        median(loss) filter (loss_step < step and distance <= 20) as loss_before,
        median(loss) filter (loss_step >= step and distance <= 20) as loss_after,
        mad(loss) filter (loss_step < step and distance <= 20) as loss_spread,
        median(loss) filter (number <= 20) as loss_first,
        count(*) filter (loss_step < step) as losses_before,
        count(*) filter (loss_step >= step) as losses_after
    from losses
    group by step
)

select
    resumed.step,
    states.entries,
    states.optimizer_steps,
    (select arg_max(epoch, epochs.step) from epochs where epochs.step < resumed.step) as epoch_before,
    (select arg_min(epoch, epochs.step) from epochs where epochs.step >= resumed.step) as epoch_after,
    (select arg_max(rate, rates.step) from rates where rates.step < resumed.step) as rate_before,
    (select arg_min(rate, rates.step) from rates where rates.step >= resumed.step) as rate_after,
    (select arg_min(rate, rates.step) from rates) as rate_first,
    (select max(greatest(change, 1 / change)) from rates where change > 0 and rates.step not in (from resumed)) as rate_change,
    around.* exclude (step)
from resumed
left join states on states.step = resumed.step
left join around on around.step = resumed.step
