-- One row per run through the training data: how well it was predicted at first sight, that is before a step was taken on it.
-- Record: set rec.epoch, and rec.samples(ids, loss=losses, prediction=outputs, target=targets) at every training step and evaluation
-- Materialize
-- Column half: 1 for the second half of the pass, 0 for the first
-- Column step: last training step of the half (steps)
-- Column samples: samples of the half that were seen for the first time (samples)
-- Column loss: mean loss of these
-- Column accuracy: share of these predicted right
with visited as (
    select
        pass,
        sample_id,
        coalesce(step, -1) as step,
        loss_sum::double / nullif(elements, 0) as loss,
        correct,
        2 * row_number() over (order by coalesce(step, -1), batch, position) > count(*) over () as half,
        row_number() over (partition by sample_id order by coalesce(step, -1), batch, position) as visit
    from samples
    where split = 'train' and pass = 0 and epoch is not null
)

select
    0 as pass,
    half::int as half,
    max(step) as step,
    count(*) as samples,
    avg(loss) filter (isfinite(loss)) as loss,
    avg(correct::int) as accuracy
from visited, steady_keys
-- A sampler may draw a sample again within the epoch.
where visit = 1 or not steady
group by half
