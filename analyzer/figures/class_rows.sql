-- One row per class in the last whole pass through a split, the ones found least first.
select class, targets, predictions, hits
from classes
where split = $split
order by recall nulls last, class
