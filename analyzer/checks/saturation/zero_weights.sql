/*
title: Layers whose weights start at zero
cause: bad_initialization
strength: direct
severity: error
explains: [unknown, disconnected_parameter, vanishing_gradient, dead_units, ignores_input, model_too_small, learning_rate_too_low, weight_decay_too_high, class_imbalance]
reads:
  weights: [rms]
  parameters: [dimensions]
params:
  patience: {default: 3, unit: recorded steps, source: "weights that start at zero and move at once do no harm: a last layer, a residual branch"}
finds: At step 0, weight matrices of zeros that are still zero `patience` recorded steps later (embeddings only where their gradient was zero at every recorded step), or that are all the matrices there are but the last.
matters: Behind a layer of zeros there is no gradient, two factors of zeros give each other none, and units that start alike get equal gradients and stay copies of each other.
do: Initialise with random numbers (torch.nn.init.kaiming_normal_, xavier_uniform_) and look for an initialisation function that is applied twice, or to the wrong layers.
ignore: Zeros in the last layer, in one branch of a residual block, or in an adapter.
*/
with start as (
    select
        weights.name,
        weights.rms,
        parameters.depth,
        parameters.recorded_steps,
        parameters.last_rms,
        parameters.last_step,
        parameters.sparse,
        (select max(depth) from parameters where dimensions >= 2 and not sparse) as last_depth
    from weights
    join parameters using (name)
    where
        split = 'train'
        and weights.step = 0
        and dimensions >= 2
        and parameters.trainable
        -- Rows of an embedding that never occur stay as they are; a gradient that is there and zero is another matter.
        and (not sparse or (gradient_steps >= $patience and live_gradient_steps = 0))
        and parameters.shape[1] > 1
        and parameters.numel > parameters.shape[1]
),

judged as (
    select
        *,
        rms = 0 as zero,
        rms = 0 and last_rms = 0 and recorded_steps >= $patience as stays_zero,
        coalesce(bool_and(rms = 0) filter (depth < last_depth and not sparse) over (), false) as all_zero
    from start
)

select
    name as subject,
    0 as step,
    case when stays_zero then last_step else 0 end as last_step,
    rms as value,
    0 as threshold,
    case
        when stays_zero then format('{} is zero everywhere at step 0, and still at step {}', name, last_step)
        else format('{} starts at zero everywhere, like all layers before the last', name)
    end as message
from judged
where stays_zero or (zero and all_zero and depth < last_depth and not sparse)
order by depth, name
limit 50
