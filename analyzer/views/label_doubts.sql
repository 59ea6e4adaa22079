-- One row per sample whose label was contradicted by a confident prediction at some visit in a pass in which the model was already good (at most 24 passes, evenly spread).
-- Record: rec.samples(ids, loss=losses, prediction=outputs, target=targets) at every training step and evaluation
-- Materialize
-- Column visits: visits at which the model was good: accuracy of the pass at least 0.6, and 0.8 of the best that every split reaches (visits)
-- Column confident: of these, visits at which the prediction was among the surest third of those for its class, and 0.7 at least (visits)
-- Column contradicted: of these, visits at which it was not the label (visits)
-- Column suggested: class predicted then, most often
-- Column always_the_same: it was the same class each time
-- Column p_target: mean probability of the label over the visits
-- Column p_suggested: mean probability of the predicted class where it contradicted the label
-- Column samples: samples of the split (samples)
-- Column surest_errors: share of the surest third of the split's predictions that is not the label
-- Column middle_errors: share of the middle third
-- Wrong labels are spread evenly over sure and unsure predictions; mistakes of a model gather where it is unsure. Hence the surest third.
with good_enough as (
    select greatest(0.6, 0.8 * min(best)) as accuracy
    from (select split, max(accuracy) as best from passes where accuracy is not null group by split)
),

good as (
    select split, pass
    from passes, good_enough
    where passes.accuracy >= good_enough.accuracy and (split <> 'train' or epoch is not null)
    -- Two dozen passes, evenly spread, tell as much as hundreds.
    qualify (row_number() over (partition by split order by pass) * 24) // count(*) over (partition by split)
        <> ((row_number() over (partition by split order by pass) - 1) * 24) // count(*) over (partition by split)
),

seen as (
    select split, pass, sample_id, coalesce(step, -1) as step, target, prediction, correct, p_max, p_target
    from samples
    semi join good using (split, pass)
    where correct is not null and target is not null and p_max is not null and sample_id is not null
),

sure as (
    select split, pass, prediction, greatest(0.7, upper) as least, upper, lower
    from (
        select split, pass, prediction, approx_quantile(p_max, 0.667) as upper, approx_quantile(p_max, 0.333) as lower
        from seen
        group by split, pass, prediction
    )
),

errors as (
    select
        split,
        avg((not correct)::int) filter (p_max >= upper) as surest_errors,
        avg((not correct)::int) filter (p_max >= lower and p_max < upper) as middle_errors
    from seen
    join sure using (split, pass, prediction)
    group by split
)

select
    split,
    sample_id,
    min(step) filter (p_max >= least and not correct) as step,
    max(step) filter (p_max >= least and not correct) as last_step,
    count(*) as visits,
    count(*) filter (p_max >= least) as confident,
    count(*) filter (p_max >= least and not correct) as contradicted,
    mode(target) as target,
    mode(prediction) filter (p_max >= least and not correct) as suggested,
    max(prediction) filter (p_max >= least and not correct) = min(prediction) filter (p_max >= least and not correct) as always_the_same,
    avg(p_target::double) as p_target,
    avg(p_max::double) filter (p_max >= least and not correct) as p_suggested,
    any_value(sizes.samples) as samples,
    any_value(errors.surest_errors) as surest_errors,
    any_value(errors.middle_errors) as middle_errors
from seen
join sure using (split, pass, prediction)
join errors using (split)
join (select split, count(*) as samples from sample_histories group by split) as sizes using (split)
group by split, sample_id
having count(*) filter (p_max >= least and not correct) > 0
