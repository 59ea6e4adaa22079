-- One row per hidden tanh, sigmoid or like activation and recorded training step: how much of it lies in the flat part.
-- Record: pass the model to Recorder(run_dir, model, optimizer)
-- Column flat: share of the values in the flat part
-- Column flat_units: share of the units of which every value was in the flat part; null where units are not known
-- Outputs are left out: an activation that comes after the last weight matrix may be as sure as it likes.
with last_weight as (
    select max(depth) as depth
    from parameters
    where dimensions >= 2
)

select
    preactivations.name,
    preactivations.module,
    preactivations.activation,
    preactivations.depth,
    preactivations.step,
    preactivations.last_step,
    preactivations.recorded,
    preactivations.abs_mean,
    preactivations.saturated / preactivations.count as flat,
    preactivations.saturated_units / nullif(preactivations.units, 0) as flat_units
from preactivations, last_weight
where
    preactivations.split = 'train'
    and preactivations.activation in ('tanh', 'sigmoid', 'hardtanh', 'hardsigmoid')
    and preactivations.count > 0
    and preactivations.saturated is not null
    and coalesce(preactivations.depth <= last_weight.depth, true)
