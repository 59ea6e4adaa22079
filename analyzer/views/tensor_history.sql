-- One row per tensor, split and recorded step, all ranks merged; in very long runs one row per window of steps.
-- Record: pass the model to Recorder(run_dir, model, optimizer)
-- Materialize
-- Column step: first step of the row (steps)
-- Column last_step: last step of the row; equals step unless the run is very long (steps)
-- Column recorded: index of the recorded step within its split, counted from 0 (recorded steps)
-- Column recorded_steps: how many recorded steps the row holds (recorded steps)
-- Column silent_units: units that were silent at every recorded step of the row (units)
-- Column saturated_units: units of which every value was saturated, at every recorded step of the row (units)
select
    tensor_id,
    split,
    recorded,
    min(step) as step,
    max(step) as last_step,
    count(distinct step) as recorded_steps,
    sum("count")::bigint as "count",
    sum(mean::double * "count") / nullif(sum("count") filter (mean is not null), 0) as mean,
    sqrt(sum(rms::double * rms * "count") / nullif(sum("count") filter (rms is not null), 0)) as rms,
    sum(abs_mean::double * "count") / nullif(sum("count") filter (abs_mean is not null), 0) as abs_mean,
    min("min") as "min",
    max("max") filter (not isnan("max")) as "max",
    sum(zeros)::bigint as zeros,
    sum(negatives)::bigint as negatives,
    sum(nonfinite)::bigint as nonfinite,
    sum(saturated)::bigint as saturated,
    max(units) as units,
    min(silent_units) as silent_units,
    min(saturated_units) as saturated_units,
    min(sampled) as sampled
from stats
join recorded_steps using (split, step)
group by tensor_id, split, recorded
