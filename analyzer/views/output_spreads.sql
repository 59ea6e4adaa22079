-- One row per run through a split of which outputs were recorded: how much the outputs differ between its samples.
-- Record: rec.samples(ids, loss=losses, prediction=outputs, target=targets) at every training step and evaluation
-- Materialize
-- Column spread: within a forward pass, standard deviation of the largest probability or of the predicted value over that of a guess; 0 is a constant output
-- Column what: the output, as a phrase
-- Column first_step: first training step of the pass; -1 before the first (steps)
-- Column step: last training step of the pass (steps)
-- Column samples: samples of the pass (samples)
-- Column target_spread: standard deviation of the targets, over all outputs (regression)
-- Column prediction_spread: standard deviation of the predictions, over all outputs (regression)
-- Column correlation: of predictions and targets (regression)
with within as (
    -- Outputs are compared within a forward pass: between the steps of a training pass the weights move.
    select
        split,
        pass,
        batch,
        coalesce(step, -1) as step,
        count(*) as n,
        stddev_pop(p_max::double) as p_scatter,
        stddev_pop((z_max - z_min)::double) as z_scatter,
        avg((z_max - z_min)::double) as z_range,
        min(prediction) as lowest_class,
        max(prediction) as highest_class,
        avg(p_max::double) as p_max,
        stddev_pop(predicted_value::double) as value_scatter,
        avg(predicted_value::double) as value_mean,
        min(sample_id) < max(sample_id) as different
    from samples
    where split is not null and pass is not null and (isfinite(p_max) or isfinite(predicted_value))
    group by split, pass, batch, coalesce(step, -1)
),

outputs as (
    select
        split,
        pass,
        unnest(range(len(coalesce(predicted_values, [predicted_value])))) as place,
        unnest(coalesce(target_values, [target_value]))::double as target,
        unnest(coalesce(predicted_values, [predicted_value]))::double as predicted
    from samples
    where predicted_value is not null and isfinite(predicted_value)
),

wholes as (
    -- Of several outputs each has its own mean; what they scatter about it is added up.
    select
        split,
        pass,
        sqrt(max(target_variance) filter (place = 0)) as first_spread,
        sqrt(sum(target_variance)) as target_spread,
        sqrt(sum(predicted_variance)) as prediction_spread,
        sum(covariance) / nullif(sqrt(sum(target_variance) * sum(predicted_variance)), 0) as correlation
    from (
        select
            split,
            pass,
            place,
            var_pop(target) as target_variance,
            var_pop(predicted) as predicted_variance,
            covar_pop(target, predicted) as covariance
        from outputs
        where isfinite(target) and isfinite(predicted)
        group by split, pass, place
    )
    group by split, pass
)

select
    within.split,
    within.pass,
    min(within.step) as first_step,
    max(within.step) as step,
    sum(n) as samples,
    max(
        case
            when value_scatter is not null then value_scatter / nullif(first_spread, 0)
            -- A single output has no range between outputs; its probability moves from 0.5 at least.
            when lowest_class < highest_class then 1
            else greatest(p_scatter, coalesce(z_scatter / nullif(z_range, 0), 0))
        end
    ) as spread,
    case
        when max(value_scatter) is not null then format('{:.4g}', avg(value_mean))
        else format('class {} with probability {:.3f}', max(highest_class), avg(p_max))
    end as what,
    any_value(target_spread) as target_spread,
    any_value(prediction_spread) as prediction_spread,
    any_value(correlation) as correlation
from within
left join wholes using (split, pass)
where n > 1 and different
group by within.split, within.pass
