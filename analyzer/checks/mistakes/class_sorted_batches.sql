/*
title: Batches sorted by target
cause: not_shuffled
strength: strong
severity: warning
explains: [unknown, learning_rate_too_high, overfitting, split_mismatch, class_imbalance, normalization_statistics, dead_units, model_too_small, labels_random, label_errors]
reads:
  batch_makeup: [batches]
params:
  purity: {default: 0.5, unit: share of the way from chance to batches of one class, source: "shuffled batches stay within 0.05"}
  spread: {default: 0.5, unit: share of the variance of the targets, source: "shuffled batches have 1, to within 0.1 from 100 samples on"}
  batches: {default: 4, unit: batches an epoch, source: "two or three batches cannot be told from chance"}
  patience: {default: 2, unit: epochs, source: "a single odd epoch is no finding; the only epoch counts"}
finds: Epochs in which the samples of a batch are of the same class, or have targets close to each other, far more often than the epoch as a whole gives, `patience` epochs long.
matters: Each batch pulls the model toward its own class, the next one pulls it away; batch statistics are those of one class.
do: Pass shuffle=True to the DataLoader, or shuffle the file once; with several processes use DistributedSampler and set_epoch.
ignore: A sampler that groups classes on purpose, as metric learning does; data in time order, read in sequence on purpose.
*/
with judged as (
    select
        *,
        (purity - expected_purity) / nullif(1 - expected_purity, 0) as excess,
        coalesce((purity - expected_purity) / nullif(1 - expected_purity, 0) >= $purity, false) or coalesce(target_spread <= $spread, false) as bad
    from batch_makeup
    where batches >= $batches and size > 1
)

select
    'train' as subject,
    min(greatest(first_step, 0)) filter (bad) as step,
    max(step) filter (bad) as last_step,
    arg_max(coalesce(if(excess >= $purity, excess, null), target_spread), step) filter (bad) as value,
    case when arg_max(excess, step) filter (bad) >= $purity then $purity else $spread end as threshold,
    case
        when arg_max(excess, step) filter (bad) >= $purity
            then format('two samples of a training batch have the same class with probability {:.2f}, two samples of the epoch with {:.2f}, in {} of {} epochs',
                arg_max(purity, step) filter (bad), arg_max(expected_purity, step) filter (bad), count(*) filter (bad), count(*))
        else format('the targets within a training batch have {:.2f} of the variance of the epoch, in {} of {} epochs', arg_max(target_spread, step) filter (bad), count(*) filter (bad), count(*))
    end as message
from judged
having count(*) filter (bad) >= least($patience, count(*)) and count(*) filter (bad) > 0 and count(*) filter (bad) >= 0.5 * count(*)
order by step
