-- One row per class in the last whole pass through a split: how often it is the target and the prediction.
-- Record: rec.samples(ids, loss=losses, prediction=outputs, target=targets) at every training step and evaluation
-- Materialize
-- Column step: last training step of the pass; -1 before the first (steps)
-- Column since: first training step from which no pass predicted the class, null where the last pass did (steps)
-- Column targets: samples of the class (pixels in segmentation, tokens where there are few classes of them, samples in which it is on in multilabel)
-- Column predictions: samples predicted as the class (pixels, tokens, samples)
-- Column hits: samples of the class that were predicted as it (pixels, tokens, samples)
-- Column samples: samples of the pass (pixels, tokens, samples)
-- Column recall: share of the class that is found
with counted as (
    select split, pass, max(coalesce(step, -1)) as step, target as class, count(*) as targets, 0 as predictions, count(*) filter (correct) as hits
    from samples
    where target is not null and correct is not null
    group by split, pass, target
    union all
    select split, pass, max(coalesce(step, -1)), prediction, 0, count(*), 0
    from samples
    where prediction is not null and correct is not null
    group by split, pass, prediction
    union all
    select split, pass, max(coalesce(step, -1)), elements.key, sum(elements.value), 0, 0
    from (select split, pass, step, unnest(map_entries(coalesce(target_pixels, target_tokens))) as elements from samples)
    group by split, pass, elements.key
    union all
    select split, pass, max(coalesce(step, -1)), elements.key, 0, sum(elements.value), 0
    from (select split, pass, step, unnest(map_entries(coalesce(predicted_pixels, predicted_tokens))) as elements from samples)
    group by split, pass, elements.key
    union all
    select split, pass, max(coalesce(step, -1)), elements.key, 0, 0, sum(elements.value)
    from (select split, pass, step, unnest(map_entries(coalesce(intersection, right_tokens))) as elements from samples)
    group by split, pass, elements.key
    union all
    select split, pass, max(coalesce(step, -1)), class, count(*), 0, count(*) filter (hit)
    from (select split, pass, step, unnest(targets) as class, list_contains(predictions, unnest(targets)) as hit from samples)
    group by split, pass, class
    union all
    select split, pass, max(coalesce(step, -1)), class, 0, count(*), 0
    from (select split, pass, step, unnest(predictions) as class from samples)
    group by split, pass, class
),

merged as (
    select split, pass, max(step) as step, class, sum(targets)::bigint as targets, sum(predictions)::bigint as predictions, sum(hits)::bigint as hits
    from counted
    where split is not null
    group by split, pass, class
),

last_whole as (
    select split, max(pass) as pass, arg_max(rows, pass) as rows
    from passes
    where complete
    group by split
),

last_predicted as (
    select split, class, max(pass) filter (predictions > 0) as pass
    from merged
    group by split, class
)

select
    merged.split,
    merged.step,
    merged.class,
    case
        when merged.predictions = 0
            then (select min(passes.first_step) from passes where passes.split = merged.split and passes.pass > coalesce(last_predicted.pass, -1))
    end as since,
    merged.targets,
    merged.predictions,
    merged.hits,
    case when run_facts.task = 'multilabel' then last_whole.rows else sum(merged.targets) over (partition by merged.split) end as samples,
    merged.hits / nullif(merged.targets, 0) as recall
from merged
join last_whole using (split, pass)
left join last_predicted using (split, class)
cross join run_facts
