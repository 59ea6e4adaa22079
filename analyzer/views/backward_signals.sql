-- One row per recorded training step: how the gradient changes on its way from the last layer back to the first.
-- Record: pass the model to Recorder(run_dir, model, optimizer)
-- Materialize
-- Column layers: activations that have a gradient
-- Column near_input: median rms of the gradient of the first quarter of the layers
-- Column near_output: median rms of the gradient of the last quarter of the layers
-- Column growing: share of neighbouring layers of which the one nearer to the input has the larger gradient
-- Column largest_name: the layer with the largest gradient
-- Column smallest_name: the layer with the smallest gradient
with placed as (
    select
        recorded,
        step,
        last_step,
        name,
        rms,
        row_number() over (partition by recorded order by depth nulls last, name) - 1 as place,
        count(*) over (partition by recorded) as layers,
        lead(rms) over (partition by recorded order by depth nulls last, name) as next_rms
    from activation_gradients
    where split = 'train' and coalesce(activation, '') not in ('softmax', 'log_softmax') and nonfinite = 0 and rms is not null
)

select
    recorded,
    min(step) as step,
    max(last_step) as last_step,
    any_value(layers) as layers,
    median(rms) filter (place < greatest(layers / 4, 1)) as near_input,
    median(rms) filter (place >= layers - greatest(layers / 4, 1)) as near_output,
    avg((rms > next_rms)::int) filter (next_rms is not null) as growing,
    arg_max(name, rms) as largest_name,
    arg_min(name, rms) as smallest_name
from placed
group by recorded
