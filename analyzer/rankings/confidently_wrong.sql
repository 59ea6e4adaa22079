-- One row per sample that was predicted wrong at its last visit.
-- Title: Wrong and sure of it
-- Score: probability given to the wrong class at the last visit
-- Reads: samples.correct
with latest as (
    select
        split,
        sample_id,
        step,
        target,
        prediction,
        correct,
        p_max,
        p_target,
        count(*) over (partition by split, sample_id) as visits
    from samples
    where sample_id is not null and split is not null and correct is not null
    qualify row_number() over (partition by split, sample_id order by pass desc, batch desc) = 1
)

select
    sample_id,
    split,
    p_max as score,
    step,
    visits,
    target,
    prediction,
    p_target
from latest
where not correct
