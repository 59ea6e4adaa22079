-- One row per input of an activation function and recorded step of a split.
-- Record: pass the model to Recorder(run_dir, model, optimizer)
select * exclude (kind)
from watched_tensors
where kind = 'preactivation'
