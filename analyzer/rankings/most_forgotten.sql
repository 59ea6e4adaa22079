-- One row per sample that was wrong again after it had been right.
-- Title: Learned and forgotten again
-- Score: visits at which it was wrong after it had once been right
-- Reads: sample_histories.times_forgotten
select
    sample_id,
    split,
    times_forgotten as score,
    last_step as step,
    visits,
    times_correct,
    target,
    usual_wrong as prediction
from sample_histories
where times_forgotten > 0
