/*
title: Replicas of a weight that differ between processes
cause: ranks_diverged
strength: direct
severity: error
explains: [unknown, overfitting, learning_rate_too_high]
reads:
  rank_differences: [difference]
params:
  difference: {default: 0.0001, unit: share of the root mean square, source: "statistics in float32 of equal weights agree to 1e-6"}
  patience: {default: 2, unit: recorded steps up to the end, source: "replicas that were once different do not meet again by themselves"}
finds: Weights that each process holds in whole and whose statistics differ by more than `difference` in the last `patience` recorded steps.
matters: Each process trains a model of its own on a part of the data; what is saved is one of them.
do: Call the model through its DistributedDataParallel wrapper, not through model.module; clip and change gradients on all ranks alike; start from equal weights.
ignore: Shards of one weight, local experts, or ensembles that are different on purpose.
*/
with ranked as (
    select *, row_number() over (partition by name order by step desc) as place
    from rank_differences
),

last_equal as (
    select name, coalesce(max(step) filter (difference <= $difference), -1) as step
    from rank_differences
    group by name
),

apart as (
    select
        ranked.name,
        min(ranked.depth) as depth,
        min(ranked.step) as step,
        max(ranked.step) as last_step,
        arg_max(difference, ranked.step) as difference,
        arg_max(ranks, ranked.step) as ranks,
        arg_max(lowest_rank, ranked.step) as lowest_rank,
        arg_max(highest_rank, ranked.step) as highest_rank,
        count(*) as steps
    from ranked
    join last_equal on last_equal.name = ranked.name
    where ranked.step > last_equal.step
    group by ranked.name
)

select
    name as subject,
    step,
    last_step,
    difference as value,
    $difference as threshold,
    format('{} differs between {} processes since step {}, by {:.2g} of its size between rank {} and rank {}', name, ranks, step, difference, lowest_rank, highest_rank) as message
from apart
where steps >= $patience
order by step, depth, subject
limit 50
