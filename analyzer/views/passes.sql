-- One row per run through a split: how many samples it saw, in which order and how well they were predicted.
-- Record: rec.samples(ids, loss=losses, prediction=outputs, target=targets) at every training step and evaluation
-- Materialize
-- Column step: last training step of the pass; -1 before the first (steps)
-- Column first_step: first training step of the pass (steps)
-- Column rows: rows of the pass (visits)
-- Column complete: the pass is not the last of its split, or as long as the longest
-- Column loss: mean over the elements that count
-- Column loss_scatter: standard deviation of the samples' mean losses
-- Column accuracy: share predicted right
select
    split,
    pass,
    min(coalesce(step, -1)) as first_step,
    max(coalesce(step, -1)) as step,
    max(epoch) as epoch,
    count(*) as rows,
    count(distinct batch) as batches,
    pass < max(pass) over (partition by split) or count(*) >= max(count(*)) over (partition by split) as complete,
    sum(loss_sum::double) / nullif(sum(elements) filter (loss_sum is not null), 0) as loss,
    stddev_samp(loss_sum::double / nullif(elements, 0)) filter (isfinite(loss_sum)) as loss_scatter,
    case
        when count(correct) > 0 then avg(correct::int)
        when count(pixels_correct) > 0 then sum(pixels_correct) / nullif(sum(elements), 0)
        when count(tokens_correct) > 0 then sum(tokens_correct) / nullif(sum(elements), 0)
    end as accuracy
from samples
where split is not null and pass is not null
group by split, pass
