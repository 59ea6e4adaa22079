-- One row per sample: how hard it was over all its visits.
-- Title: Largest mean loss
-- Score: mean loss over all visits, those that are not finite left out
-- Reads: sample_histories.mean_loss
select
    sample_id,
    split,
    mean_loss as score,
    last_step as step,
    visits,
    first_loss,
    last_loss,
    times_correct,
    target
from sample_histories
where mean_loss is not null
