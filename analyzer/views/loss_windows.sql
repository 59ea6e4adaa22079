-- One row per fiftieth of the training steps that have a loss: its level and its scatter.
-- Record: rec.log(loss=loss) at every training step
-- Materialize
-- Column position: index of the window, from 0; a run of fewer than 50 losses has fewer windows
-- Column losses: losses in the window, those that are not finite left out
-- Column nonfinite: losses that are NaN or infinite
with ordered as (
    select
        step,
        loss,
        row_number() over (order by step) - 1 as place,
        count(*) over () as total
    from training_losses
)

select
    place * least(50, total) // total as position,
    min(step) as step,
    max(step) as last_step,
    count(*) filter (isfinite(loss)) as losses,
    count(*) filter (not isfinite(loss)) as nonfinite,
    avg(loss) filter (isfinite(loss)) as mean,
    median(loss) filter (isfinite(loss)) as median,
    coalesce(stddev_samp(loss) filter (isfinite(loss)), 0) as scatter,
    min(loss) filter (isfinite(loss)) as lowest,
    max(loss) filter (isfinite(loss)) as highest
from ordered
group by position
