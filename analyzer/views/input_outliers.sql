-- One row per sample whose input lies far outside those of its split: mean or standard deviation more than 10 median absolute deviations away.
-- Record: rec.samples(ids, ...) in training and evaluation; pass inputs=x where the model's first argument is not the input
-- Materialize
-- Column mean: of the input
-- Column std: of the input
-- Column usual_mean: median mean of the inputs of the split
-- Column usual_std: median standard deviation of the inputs of the split
-- Column distance: from the median, of mean or standard deviation, whichever is farther (median absolute deviations of a normal distribution)
-- Column place: share of the samples of the split with a larger last loss; 0 is the worst
-- Column last_loss: loss at the last visit
-- Column samples: samples of the split (samples)
-- A normal distribution has nothing beyond 7 deviations; heavy tails and dark images stay below 10 for the most part.
with measured as (
    select split, sample_id, any_value(mean::double) as mean, any_value(std::double) as std
    from inputs
    where isfinite(mean) and isfinite(std)
    group by split, sample_id
),

usual as (
    select split, count(*) as n, median(mean) as mean, median(std) as std, mad(mean) as mean_deviation, mad(std) as std_deviation
    from measured
    group by split
    having count(*) >= 50
),

judged as (
    select
        measured.split,
        measured.sample_id,
        measured.mean,
        measured.std,
        usual.mean as usual_mean,
        usual.std as usual_std,
        greatest(
            abs(measured.mean - usual.mean) / greatest(1.4826 * mean_deviation, 0.01 * usual.std, 1e-12),
            abs(measured.std - usual.std) / greatest(1.4826 * std_deviation, 0.01 * usual.std, 1e-12)
        ) as distance,
        percent_rank() over (partition by measured.split order by sample_histories.last_loss desc) as place,
        sample_histories.last_loss,
        sample_histories.first_step,
        sample_histories.last_step,
        usual.n as samples
    from measured
    join usual using (split)
    join sample_histories using (split, sample_id)
    where isfinite(sample_histories.last_loss)
)

select *
from judged
where distance > 10
