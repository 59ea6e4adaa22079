-- One row per activation that comes after the last weight of the model: what its outputs go through at the end.
-- Record: pass the model to Recorder(run_dir, model, optimizer)
-- Column activation: tanh, sigmoid, relu, softmax, ...
with last_weight as (
    select max(depth) as depth
    from tensors
    where kind = 'weight'
)

select tensors.name, tensors.module, tensors.activation, tensors.depth
from tensors, last_weight
where tensors.kind = 'activation' and tensors.activation is not null and tensors.depth > last_weight.depth
