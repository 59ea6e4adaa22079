/*
title: A loss that does not suit class numbers
cause: loss_mismatch
strength: strong
severity: warning
explains: [unknown, disconnected_parameter, metric_formula, label_errors, model_too_small, wrong_output_activation, learning_rate_too_low]
reads:
  run_facts: [loss]
  batches: [n]
  sample_histories: [visits]
params:
  classes: {default: 20, unit: different values, source: "a measured quantity has more values"}
  evenness: {default: 0.25, unit: share of an even share, source: "counts and ratings have rare values; class numbers of a data set are about even"}
  beyond: {default: 0.3, unit: share of the first 100 samples, source: "a squared difference to class numbers above 1 is beyond what a one-hot target allows for most classes"}
  samples: {default: 50, unit: samples, source: "fewer say nothing of how the values are spread"}
finds: A squared or absolute error whose targets are a few whole numbers 0, 1, 2, ... that are all about equally frequent, or which is larger than a one-hot target allows; a loss of independent labels where each sample has exactly one; a softmax over a single output.
matters: A squared error takes class 3 to be nearer to 4 than to 8; independent labels ignore that one class excludes the others; a softmax over one output is 1 whatever the model says, and the loss is 0.
do: Use cross_entropy with one output a class and class numbers as targets; for two classes and one output binary_cross_entropy_with_logits.
ignore: Ratings or counts that are ordered by nature; one-vs-all training on purpose.
*/
with values_seen as (
    select target_value, count(*) as n
    from sample_histories
    where split = 'train' and target_value is not null
        and not exists (select 1 from samples where split = 'train' and target_values is not null)
    group by target_value
),

labels_seen as (
    select target, 1 as labels from sample_histories where split = 'train' and target is not null
    union all
    select targets[1], len(targets) from samples where split = 'train' and pass = 0 and targets is not null
),

first_rows as (
    -- No squared difference to a one-hot target is larger, whatever the outputs between z_min and z_max are. At the start these are small.
    select loss_sum / elements > greatest(z_min * z_min, z_max * z_max, (z_min - 1) * (z_min - 1), (z_max - 1) * (z_max - 1)) as beyond_one_hot
    from samples
    where split = 'train' and elements > 0 and loss_sum is not null and z_min is not null
    order by step, batch, position
    limit 100
),

quantities as (
    select
        count(*) as kinds,
        sum(n) as samples,
        min(n) * count(*) / sum(n) as evenness,
        bool_and(target_value = floor(target_value)) and min(target_value) = 0 and max(target_value) = count(*) - 1 as numbers_classes
    from values_seen
),

labels as (
    select
        count(*) as samples,
        bool_and(labels = 1) as one_each,
        count(distinct target) as kinds,
        (select max(outputs) from batches where split = 'train') as outputs,
        (select avg(beyond_one_hot::int) from first_rows) as beyond_one_hot
    from labels_seen
),

judged as (
    select
        loss,
        case
            when loss in ('mse_loss', 'l1_loss', 'smooth_l1_loss', 'huber_loss') and quantities.numbers_classes and quantities.kinds between 2 and $classes
                and quantities.samples >= $samples and quantities.evenness >= $evenness
                then format('{} is an error of quantities, but the targets are the numbers of {} classes, 0 to {}', loss, quantities.kinds, quantities.kinds - 1)
            when loss = 'mse_loss' and labels.outputs > 2 and labels.kinds > 2 and labels.samples >= $samples and labels.beyond_one_hot >= $beyond
                then format('{} is larger than {} outputs can differ from a one-hot target for {:.0f} % of the samples: it compares with the number of the class',
                    loss, labels.outputs, 100 * labels.beyond_one_hot)
            when loss in ('l1_loss', 'smooth_l1_loss', 'huber_loss') and labels.kinds > 1 and labels.samples >= $samples
                then format('{} is an error of quantities, but the targets are {} classes', loss, labels.kinds)
            when loss in ('binary_cross_entropy', 'binary_cross_entropy_with_logits') and labels.one_each and labels.outputs > 2 and labels.kinds > 2 and labels.samples >= $samples
                then format('{} treats the {} outputs as independent, but each of {} samples has exactly one class', loss, labels.outputs, labels.samples)
            when loss in ('cross_entropy', 'nll_loss') and labels.outputs = 1
                then format('{} over a single output is 0 whatever the model says', loss)
        end as message,
        coalesce(if(quantities.kinds > 0, quantities.kinds, null), labels.outputs) as value
    from run_facts, quantities, labels
)

select
    loss as subject,
    0 as step,
    (select max(step) from batches where split = 'train') as last_step,
    value,
    $classes as threshold,
    message
from judged
where message is not null
order by step
