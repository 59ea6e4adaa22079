/*
title: A hidden layer whose units start all alike
cause: bad_initialization
strength: direct
severity: error
explains: [unknown, disconnected_parameter, vanishing_gradient, dead_units, ignores_input, model_too_small, learning_rate_too_low, weight_decay_too_high, class_imbalance]
reads:
  weights: [min, max]
  parameters: [dimensions, depth]
params: {}
finds: At step 0, a weight matrix before the last one that holds one number other than zero everywhere.
matters: Units with equal weights get equal gradients and stay copies of each other; the layer has in truth a single unit.
do: Initialise with random numbers (torch.nn.init.kaiming_normal_, xavier_uniform_); look for nn.init.constant_ or ones_ that reaches the wrong layers.
ignore: Averaging layers that are constant on purpose.
*/
with start as (
    select
        weights.name,
        weights."max" - weights."min" as width,
        weights.rms,
        parameters.depth,
        parameters.numel,
        parameters.shape[1] as units,
        max(parameters.depth) over () as last_depth
    from weights
    join parameters using (name)
    where
        split = 'train'
        and weights.step = 0
        and dimensions >= 2
        and parameters.trainable
        and not sparse
        and parameters.shape[1] > 1
        and parameters.shape[2] > 1
)

select
    name as subject,
    0 as step,
    0 as last_step,
    width as value,
    0 as threshold,
    format('{} starts with the same number in all {} places, so its {} units are copies of one', name, numel, units) as message
from start
where rms > 0 and width = 0 and depth < last_depth
order by depth, name
limit 50
