-- One row per tensor, split and recorded step, all ranks merged; of very long runs the steps that recorded_steps keeps.
-- Record: pass the model to Recorder(run_dir, model, optimizer)
-- Materialize
-- Column last_step: last recorded step that the row stands for; equals step unless the run is very long (steps)
-- Column recorded: index of the recorded step within its split, counted from 0 (recorded steps)
select
    tensor_id,
    split,
    recorded,
    step,
    any_value(last_step) as last_step,
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
where kept
group by tensor_id, split, recorded, step
