-- One row per run: the range of the predictions as passed, against what the loss and the targets ask for.
-- Record: rec.samples(ids, loss=losses, prediction=outputs, target=targets) at every training step and evaluation
-- Materialize
-- Column samples: rows of samples with a prediction, training and evaluation
-- Column z_lowest: smallest output of any sample
-- Column z_highest: largest output of any sample
-- Column sums_to_one: share of the samples whose outputs are not negative and sum to 1
-- Column at_zero: share of the samples whose smallest output (regression: prediction) is exactly 0
-- Column near_one: share of the samples whose largest output (regression: prediction) lies between 0.9 and 1
-- Column as_given: mean distance of the sample's loss from -ln of the output at the target (probabilities, used as such)
-- Column as_softmax: mean distance of the sample's loss from the cross-entropy of the outputs under a (second) softmax
-- Column as_sigmoid: mean distance of the sample's loss from the binary cross-entropy of the output under a (second) sigmoid; one output only
-- Column target_lowest: smallest target of any output (regression)
-- Column target_highest: largest target of any output (regression)
-- Column below_zero: share of the targets below 0 (regression)
-- Column below_minus_one: share of the targets below -1 (regression)
-- Column above_one: share of the targets above 1 (regression)
-- Column loss_lowest: smallest mean loss of a sample
-- Column loss_highest: largest mean loss of a sample
with rows as (
    select
        step,
        outputs,
        coalesce(z_min, list_min(predicted_values), predicted_value) as low,
        coalesce(z_max, list_max(predicted_values), predicted_value) as high,
        z_min >= 0 and abs(z_sum - 1) < 2e-3 and outputs > 1 as one,
        loss_sum / nullif(elements, 0) as loss,
        z_target::double as z_target,
        case when z_min >= 0 and abs(z_sum - 1) < 2e-3 then -z_target::double + ln(p_exp_sum::double) else -ln(nullif(p_target::double, 0)) end as under_softmax,
        case when outputs = 1 then ln(1 + exp(-z_max::double)) + case when target = 1 then 0 else z_max::double end end as under_sigmoid,
        case when outputs = 1 then -ln(greatest(case when target = 1 then z_max::double else 1 - z_max::double end, 1e-30)) end as as_share,
        coalesce(target_values, if(target_value is null, null, [target_value])) as target_values
    from samples
    where z_min is not null or predicted_value is not null or loss_sum is not null
)

select
    count(*) as samples,
    count(low) as predictions,
    max(outputs) as outputs,
    min(low) filter (isfinite(low)) as z_lowest,
    max(high) filter (isfinite(high)) as z_highest,
    avg(one::int) as sums_to_one,
    avg((low = 0)::int) as at_zero,
    avg((high > 0.9 and high <= 1)::int) as near_one,
    avg((low >= -1 and low < -0.9)::int) as near_minus_one,
    avg(abs(loss - coalesce(as_share, -ln(nullif(greatest(z_target, 0), 0))))) filter (isfinite(loss)) as as_given,
    avg(abs(loss - under_softmax)) filter (isfinite(loss)) as as_softmax,
    avg(abs(loss - under_sigmoid)) filter (isfinite(loss)) as as_sigmoid,
    min(list_min(target_values)) as target_lowest,
    max(list_max(target_values)) as target_highest,
    sum(len(list_filter(target_values, lambda v: v < 0))) / sum(len(target_values)) as below_zero,
    sum(len(list_filter(target_values, lambda v: v < -1))) / sum(len(target_values)) as below_minus_one,
    sum(len(list_filter(target_values, lambda v: v > 1))) / sum(len(target_values)) as above_one,
    min(loss) filter (isfinite(loss)) as loss_lowest,
    max(loss) filter (isfinite(loss)) as loss_highest,
    max(step) as last_step
from rows
