-- One row per split and value of a key of `meta` (or class): the losses of its samples at their last visits, against all others of the split.
-- Record: rec.samples(ids, loss=losses, meta={"camera": cameras}) with whatever is known of the samples
-- Materialize
-- Column key: key of `meta`
-- Column value: its value
-- Column samples: samples with that value (samples)
-- Column others: other samples of the split that have the key (samples)
-- Column loss: mean loss of the samples
-- Column other_loss: mean loss of the others
-- Column t: Welch's t of the two means
-- Column z: z of the Mann-Whitney test of the two, above 0 where the samples have larger losses
-- Column slices: values of any key that were compared in the split, for the correction for many comparisons
-- Column std: median standard deviation of the inputs of the samples
-- Column other_std: median standard deviation of the inputs of the split
-- Column mean: median mean of the inputs of the samples
-- Column other_mean: median mean of the inputs of the split
with described as (
    select split, sample_id, unnest(map_entries(any_value(meta))) as entry, any_value(mean::double) as mean, any_value(std::double) as std
    from inputs
    where meta is not null
    group by split, sample_id
),

members as (
    select
        described.split,
        described.entry.key as key,
        described.entry.value as value,
        sample_histories.last_loss as loss,
        described.mean,
        described.std,
        sample_histories.last_step,
        rank() over same_key + (count(*) over (partition by described.split, described.entry.key, sample_histories.last_loss) - 1) / 2.0 as place,
        count(*) over (partition by described.split, described.entry.key) as n
    from described
    join sample_histories using (split, sample_id)
    where isfinite(sample_histories.last_loss)
    window same_key as (partition by described.split, described.entry.key order by sample_histories.last_loss)
),

wholes as (
    select
        split,
        key,
        count(*) as n,
        count(distinct value) as kinds,
        sum(loss) as loss,
        sum(loss * loss) as squares,
        median(std) as std,
        median(mean) as mean
    from members
    group by split, key
),

parts as (
    select
        split,
        key,
        value,
        count(*) as n,
        sum(loss) as loss,
        sum(loss * loss) as squares,
        sum(place) as places,
        max(last_step) as last_step,
        median(std) as std,
        median(mean) as mean
    from members
    group by split, key, value
),

compared as (
    select
        parts.split,
        parts.key,
        parts.value,
        parts.n as samples,
        wholes.n - parts.n as others,
        parts.loss / parts.n as loss,
        (wholes.loss - parts.loss) / (wholes.n - parts.n) as other_loss,
        greatest(parts.squares / parts.n - (parts.loss / parts.n) ** 2, 0) * parts.n / (parts.n - 1) as variance,
        greatest((wholes.squares - parts.squares) / (wholes.n - parts.n) - ((wholes.loss - parts.loss) / (wholes.n - parts.n)) ** 2, 0) as other_variance,
        (parts.places - parts.n * (parts.n + 1) / 2.0 - parts.n * (wholes.n - parts.n) / 2.0)
        / sqrt(parts.n * (wholes.n - parts.n) * (wholes.n + 1) / 12.0) as z,
        parts.last_step,
        parts.std,
        wholes.std as other_std,
        parts.mean,
        wholes.mean as other_mean
    from parts
    join wholes using (split, key)
    where parts.n >= 5 and wholes.n - parts.n >= 5 and wholes.kinds <= greatest(100, wholes.n / 5)
)

select
    * exclude (variance, other_variance),
    (loss - other_loss) / nullif(sqrt(variance / samples + other_variance / others), 0) as t,
    count(*) over (partition by split) as slices
from compared
