-- One row per run through the training data of several batches (of the first five and the last five): how much alike the targets of a batch are, and whether the order is that of the run before.
-- Record: set rec.epoch, and rec.samples(ids, loss=losses, prediction=outputs, target=targets) at every training step and evaluation
-- Materialize
-- Column step: last training step of the pass (steps)
-- Column first_step: first training step of the pass (steps)
-- Column batches: forward passes of the pass
-- Column size: samples in a typical batch (samples)
-- Column purity: probability that two samples of a batch have the same class
-- Column expected_purity: the same for two samples of the pass
-- Column target_spread: mean variance of the target within a batch over its variance in the pass (regression); about 1 when shuffled
-- Column same_place: share of the samples at the same batch and position as in the pass before; null in the first
with chosen as (
    select pass
    from passes
    where split = 'train' and epoch is not null
    qualify row_number() over (order by pass) <= 5 or row_number() over (order by pass desc) <= 5
),

visited as (
    select
        rank,
        pass,
        batch,
        position,
        sample_id,
        coalesce(step, -1) as step,
        target,
        target_value::double as value
    from samples
    semi join chosen using (pass)
    where split = 'train' and sample_id is not null
),

class_counts as (
    select rank, pass, batch, target, count(*) as n
    from visited
    where target is not null
    group by rank, pass, batch, target
),

batch_purity as (
    select pass, sum(pairs) as pairs, sum(equal_pairs) as equal_pairs
    from (
        select pass, sum(n) * (sum(n) - 1) as pairs, sum(n * (n - 1)) as equal_pairs
        from class_counts
        group by rank, pass, batch
    )
    group by pass
),

pass_purity as (
    select pass, sum(n) * (sum(n) - 1) as pairs, sum(n * (n - 1)) as equal_pairs
    from (select pass, target, sum(n) as n from class_counts group by pass, target)
    group by pass
),

value_spread as (
    select pass, sum(spread * n) / sum(n) as within
    from (select pass, var_pop(value) as spread, count(value) as n from visited where isfinite(value) group by rank, pass, batch having count(value) > 1)
    group by pass
),

order_kept as (
    select visited.pass, count(*) filter (previous.sample_id = visited.sample_id) as same, count(*) as n
    from visited
    left join visited as previous
        on previous.rank = visited.rank and previous.pass = visited.pass - 1 and previous.batch = visited.batch and previous.position = visited.position
    where visited.pass > 0
    group by visited.pass
),

whole as (
    select
        pass,
        min(step) as first_step,
        max(step) as step,
        count(distinct (rank, batch)) as batches,
        count(*) as rows,
        count(*) / count(distinct (rank, batch)) as size,
        var_pop(value) filter (isfinite(value)) as spread
    from visited
    group by pass
)

select
    whole.pass,
    first_step,
    step,
    batches,
    rows,
    size,
    batch_purity.equal_pairs / nullif(batch_purity.pairs, 0) as purity,
    pass_purity.equal_pairs / nullif(pass_purity.pairs, 0) as expected_purity,
    value_spread.within * whole.size / nullif(whole.size - 1, 0) / nullif(whole.spread, 0) as target_spread,
    order_kept.same / order_kept.n as same_place
from whole
left join batch_purity using (pass)
left join pass_purity using (pass)
left join value_spread using (pass)
left join order_kept using (pass)
where batches > 1
