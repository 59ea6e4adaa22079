/*
title: A softmax over labels that go together
cause: loss_mismatch
strength: direct
severity: warning
explains: [unknown, class_imbalance, label_errors, model_too_small, learning_rate_too_high, learning_rate_too_low]
reads:
  run_facts: [loss]
  samples: [targets]
params:
  share: {default: 0.05, unit: share of the samples, source: "a few rows may be errors of the labels"}
  samples: {default: 20, unit: samples, source: "fewer say little of the targets"}
finds: A declared cross_entropy or nll_loss and targets of which at least `share` have two classes on and more, in the first run through the training data.
matters: The softmax shares out one probability. What one label gets the others lose, none can be above a half where two are right, and with none the loss is 0.
do: Use binary_cross_entropy_with_logits, one output a label, and a threshold for each.
ignore: A distribution over several right answers that is meant to be one; then let each row of the targets sum to 1.
*/
select
    run_facts.loss as subject,
    0 as step,
    max(samples.step) as last_step,
    avg((len(targets) > 1)::int) as value,
    $share as threshold,
    format('{} lets one class exclude the others, but {:.0f} % of {} samples have several on, {} at most', run_facts.loss, 100 * avg((len(targets) > 1)::int), count(*),
        max(len(targets))) as message
from samples, run_facts
where run_facts.loss in ('cross_entropy', 'nll_loss') and split = 'train' and pass = 0 and targets is not null
group by run_facts.loss
having count(*) >= $samples and avg((len(targets) > 1)::int) >= $share
order by step
