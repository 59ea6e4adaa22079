-- One row per sample that was mistaken for one and the same class at more than half of its visits.
-- Title: Labels that the model does not believe
-- Score: mean probability of that class minus that of the label
-- Reads: sample_histories.usual_wrong
select
    sample_id,
    split,
    -margin as score,
    last_step as step,
    visits,
    target,
    usual_wrong as prediction,
    times_usual_wrong
from sample_histories
where times_usual_wrong * 2 > visits and margin < 0
