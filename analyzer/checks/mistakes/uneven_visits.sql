/*
title: Samples seen far more often than others
cause: sampling_error
strength: strong
severity: warning
explains: [unknown, overfitting, class_imbalance]
reads:
  visit_spread: [visits]
params:
  factor: {default: 4, unit: times the variance of chance, source: "drawing with replacement gives 1; a sampler with class weights is compared within the class"}
  visits: {default: 5, unit: visits a sample, source: "with fewer the spread is that of chance"}
  late: {default: 0.3, unit: share of the samples, source: "data that grow during the run, as in a replay memory, have few visits where they are new"}
  samples: {default: 30, unit: samples, source: "the variance of fewer is uncertain by a quarter"}
finds: Numbers of visits over the whole run that vary between the samples of a class more than `factor` times as much as drawing at random would make them, where no more than `late` of the samples came after the first fifth of the run.
matters: The model is fitted to a part of the data; the rest has hardly been seen.
do: Count the ids that the loader yields in an epoch; look at the sampler's weights, at index lists with repetitions, at workers that start with the same seed, at drop_last with a fixed order.
ignore: Sampling by difficulty, or by weights of single samples, on purpose.
*/
select
    'train' as subject,
    0 as step,
    last_step,
    excess as value,
    $factor as threshold,
    format('a training sample is seen between {} and {} times, {:.3g} on average: {:.0f} times the variance of a random draw', fewest, most, visits, excess) as message
from visit_spread
where visits >= $visits and samples >= $samples and excess > $factor and most >= 2 * fewest and late <= $late
order by step
