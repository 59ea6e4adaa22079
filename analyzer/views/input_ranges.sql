-- One row per split: the statistics of the inputs of its samples.
-- Record: rec.samples(ids, ...) in training and evaluation; pass inputs=x where the model's first argument is not the input
-- Materialize
-- Column samples: samples whose input was looked at
-- Column dtype: most frequent type
-- Column min: smallest value of any input
-- Column max: largest value of any input
-- Column typical_min: median of the samples' smallest values
-- Column typical_max: median of the samples' largest values
-- Column mean: mean of the samples' means
-- Column mean_scatter: standard deviation of the samples' means
-- Column std: median of the samples' standard deviations
-- Column std_scatter: standard deviation of the samples' standard deviations
-- Column shape: most frequent shape
select
    split,
    count(*) as samples,
    mode(dtype) as dtype,
    min("min") as "min",
    max("max") filter (isfinite("max")) as "max",
    median("min") filter (isfinite("min")) as typical_min,
    median("max") filter (isfinite("max")) as typical_max,
    avg(mean::double) filter (isfinite(mean)) as mean,
    stddev_samp(mean::double) filter (isfinite(mean)) as mean_scatter,
    median(std::double) filter (isfinite(std)) as std,
    stddev_samp(std::double) filter (isfinite(std)) as std_scatter,
    mode(shape) as shape
from inputs
where split is not null
group by split
