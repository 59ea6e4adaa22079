-- One row per evaluation: a split other than train, at the training step after which it was evaluated.
-- Record: inside `with rec.split("valid")`, call rec.log(loss=...) and rec.samples(...)
-- Materialize
-- Column evaluation: index of the evaluation within its split, from 0
-- Column loss: mean over the recorded samples, else as logged
-- Column logged_loss: as logged
-- Column accuracy: share of the recorded samples (segmentation: pixels, language model: tokens) predicted right
-- Column train_loss: mean finite training loss over the steps since the evaluation before
-- Column train_accuracy: share of the training samples recorded since the evaluation before that were predicted right
with recorded as (
    select
        split,
        coalesce(step, -1) as step,
        max(epoch) as epoch,
        count(*) as samples,
        sum(loss_sum::double) / nullif(sum(elements) filter (loss_sum is not null), 0) as recorded_loss,
        case
            when count(correct) > 0 then avg(correct::int)
            when count(pixels_correct) > 0 then sum(pixels_correct) / nullif(sum(elements), 0)
            when count(tokens_correct) > 0 then sum(tokens_correct) / nullif(sum(elements), 0)
        end as accuracy
    from samples
    where split <> 'train'
    group by split, coalesce(step, -1)
),

logged as (
    select
        split,
        coalesce(step, -1) as step,
        max(epoch) as epoch,
        avg(value) as logged_loss
    from metrics
    where split <> 'train' and regexp_matches(lower(name), '^([a-z]+[/_. ])?loss([/_. ][a-z]+)?$')
    group by split, coalesce(step, -1)
),

seen as (
    select
        coalesce(recorded.split, logged.split) as split,
        coalesce(recorded.step, logged.step) as step,
        coalesce(recorded.epoch, logged.epoch) as epoch,
        samples,
        coalesce(recorded_loss, logged_loss) as loss,
        logged_loss,
        accuracy
    from recorded
    full join logged on recorded.split = logged.split and recorded.step = logged.step
),

numbered as (
    select
        *,
        row_number() over (partition by split order by step) - 1 as evaluation,
        coalesce(lag(step) over (partition by split order by step), -1) as previous_step
    from seen
),

training as (
    select
        numbered.split,
        numbered.step,
        avg(training_losses.loss) as train_loss
    from numbered
    join training_losses on training_losses.step > numbered.previous_step and training_losses.step <= numbered.step and isfinite(training_losses.loss)
    group by numbered.split, numbered.step
),

training_hits as (
    select
        step,
        sum(coalesce(correct::int, pixels_correct, tokens_correct)) as correct,
        sum(case when correct is not null then 1 else elements end) as seen
    from samples
    where split = 'train' and step is not null
    group by step
),

training_accuracy as (
    select
        numbered.split,
        numbered.step,
        sum(training_hits.correct) / nullif(sum(training_hits.seen), 0) as train_accuracy
    from numbered
    join training_hits on training_hits.step > numbered.previous_step and training_hits.step <= numbered.step
    group by numbered.split, numbered.step
)

select
    numbered.* exclude (previous_step),
    train_loss,
    train_accuracy
from numbered
left join training using (split, step)
left join training_accuracy using (split, step)
