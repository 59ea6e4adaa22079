/*
title: An absolute error whose best answer is the value of most samples
cause: loss_mismatch
strength: strong
severity: warning
explains: [unknown, model_too_small, learning_rate_too_low, stopped_too_early]
reads:
  samples: [target_value, predicted_value]
  run_facts: [loss]
params:
  share: {default: 0.5, unit: share of the training targets, source: "a value that more than half of the targets have is their median, and the median is what the absolute error asks for"}
  moved: {default: 0.3, unit: share of the way from that value to the mean of the targets, source: "a model that learned what the others depend on comes near to their mean"}
  spread: {default: 0.3, unit: standard deviations of the targets, source: "the same of their spread"}
  samples: {default: 100, unit: samples, source: "fewer say little of a share"}
finds: A regression of one output with a declared l1_loss, more than `share` of whose training targets have one and the same value, and whose predictions in the last pass over the training data have not gone `moved` of the way from there to the mean of the targets, nor spread by `spread` as far as these.
matters: The absolute error is smallest at the median; who says the frequent value of every sample has nearly the best loss. Counts and amounts that are mostly zero come out as zero, their sum far too low.
do: For counts use poisson_nll_loss, for amounts mse_loss or a model of two parts - whether there is any, and how much.
ignore: Where the most likely value is what is wanted.
*/
with last_pass as (
    select target_value, predicted_value, step
    from samples, run_facts
    where
        split = 'train' and loss = 'l1_loss' and target_value is not null and target_values is null and isfinite(predicted_value)
        and pass = (select max(pass) from passes where split = 'train' and complete and epoch is not null)
),

judged as (
    select
        count(*) as samples,
        mode(target_value)::double as most,
        avg(target_value::double) as mean,
        stddev_samp(target_value::double) as spread,
        avg(predicted_value::double) as predicted,
        stddev_samp(predicted_value::double) as predicted_spread,
        max(step) as last_step
    from last_pass
)

select
    'loss' as subject,
    0 as step,
    judged.last_step,
    predicted as value,
    most + $moved * (mean - most) as threshold,
    format('{:.0f} % of the training targets are {:.4g}, their mean is {:.4g}, and the predictions have a mean of {:.4g}: the absolute error asks for the median',
        100 * count(*) filter (target_value = most) / any_value(samples), most, mean, predicted) as message
from judged, last_pass
where samples >= $samples and spread > 0 and abs(predicted - most) < $moved * abs(mean - most) and predicted_spread < $spread * spread
group by judged.last_step, predicted, most, mean
having count(*) filter (target_value = most) > $share * any_value(samples)
order by step
