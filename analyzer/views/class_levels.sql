-- One row per split: what guessing gives there, from how often each target occurs.
-- Record: rec.samples(ids, loss=losses, prediction=outputs, target=targets) at every training step and evaluation
-- Materialize
-- Column samples: different samples with a class
-- Column kinds: different classes
-- Column majority: share of the most frequent class
-- Column purity: probability that two samples have the same class
-- Column guess_loss: entropy of the classes, the cross-entropy of who knows only how often each occurs (nats)
with counted as (
    select split, target, count(*) as n
    from sample_histories
    where target is not null
    group by split, target
)

select
    split,
    sum(n)::bigint as samples,
    count(*) as kinds,
    max(n) / sum(n) as majority,
    sum(n * n) / (sum(n) * sum(n)) as purity,
    ln(sum(n)) - sum(n * ln(n)) / sum(n) as guess_loss
from counted
group by split
