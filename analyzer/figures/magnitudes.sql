-- One row per tensor and step asked for: its histogram of magnitudes.
-- $steps and $tensor_ids are put in as lists of whole numbers: from a literal list DuckDB knows which row groups it can leave unread.
select tensor_id, step, magnitudes, zeros
from stats
where split = 'train' and step in $steps and tensor_id in $tensor_ids and magnitudes is not null
