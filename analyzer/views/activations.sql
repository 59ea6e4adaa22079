-- One row per output of an activation function or module and recorded step of a split.
-- Record: pass the model to Recorder(run_dir, model, optimizer)
select * exclude (kind)
from watched_tensors
where kind = 'activation'
