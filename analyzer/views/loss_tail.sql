-- One row per run: the training loss over its last third, to tell whether it still falls.
-- Record: rec.log(loss=loss) at every training step
-- Column before: mean over the first half of that third (loss)
-- Column after: mean over the second half (loss)
-- Column first_step: first step of the run (steps)
-- Column step: first step of the third (steps)
-- Column last_step: last step of the run (steps)
select
    avg(median) filter (position >= 0.67 * last_position and position < 0.83 * last_position) as before,
    avg(median) filter (position >= 0.83 * last_position) as after,
    min(step) as first_step,
    min(step) filter (position >= 0.67 * last_position) as step,
    max(last_step) as last_step
from (select *, max(position) over () as last_position from loss_windows)
