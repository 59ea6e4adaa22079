-- One row per weight and recorded step that several processes recorded in whole: how far apart their statistics are.
-- Record: run each process of the job with Recorder(run_dir, model, optimizer)
-- Column ranks: processes
-- Column difference: largest minus smallest root mean square over the mean one
-- Column lowest_rank: process with the smallest root mean square
-- Column highest_rank: process with the largest
select
    tensors.name,
    tensors.depth,
    stats.step,
    count(*) as ranks,
    greatest(
        (max(stats.rms::double) - min(stats.rms::double)) / nullif(avg(stats.rms::double), 0),
        (max(stats.mean::double) - min(stats.mean::double)) / nullif(avg(stats.rms::double), 0)
    ) as difference,
    arg_min(stats.rank, stats.rms) as lowest_rank,
    arg_max(stats.rank, stats.rms) as highest_rank
from stats
join tensors using (tensor_id)
where tensors.kind = 'weight' and stats.split = 'train' and isfinite(stats.rms) and stats."count" = tensors.numel
    and (select max(rank) from stats) > 0
group by tensors.name, tensors.depth, stats.step
having count(distinct stats.rank) > 1 and count(*) = count(distinct stats.rank)
