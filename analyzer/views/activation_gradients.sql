-- One row per gradient of the loss with respect to an activation and recorded step of a split.
-- Record: pass the model to Recorder(run_dir, model, optimizer)
select * exclude (kind)
from watched_tensors
where kind = 'activation_gradient'
