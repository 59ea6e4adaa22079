/*
title: Samples whose label changes from visit to visit
cause: labels_random
strength: direct
severity: error
explains: [unknown, label_errors, model_too_small, overfitting]
reads:
  label_changes: [samples]
params:
  share: {default: 0.2, unit: share of the samples, source: "label noise on purpose changes a tenth"}
  samples: {default: 20, unit: samples, source: "fewer may be keys that repeat"}
finds: Samples with the same id and byte for byte the same input whose class differs between visits, at least `share` of all.
matters: A label that changes cannot be learned. Inputs and labels are joined anew, and wrongly, in each epoch.
do: Shuffle inputs and labels with one permutation; look for a sampler, a cache or a generator that serves the two from different orders.
ignore: Labels that are random on purpose, as in reinforcement learning or label dropout; keys that are used for several samples.
*/
select
    split as subject,
    step,
    last_step,
    changed / samples as value,
    $share as threshold,
    format('{} of {} samples of {} have another label at another visit, although their inputs are the same', changed, samples, split) as message
from label_changes
where samples >= $samples and changed >= $share * samples
order by value desc, subject
