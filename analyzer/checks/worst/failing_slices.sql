/*
title: Groups of samples on which the model fails
cause: unknown
strength: symptom
severity: info
explains: []
reads:
  slices: [loss]
params:
  factor: {default: 1.5, unit: times the loss of the others, source: "a difference worth looking at"}
  chance: {default: 0.001, unit: probability after correction for all groups compared, source: "Bonferroni"}
finds: Values of a key of `meta` whose samples have at least `factor` times the loss of the others, by Welch's t and by Mann-Whitney's z both beyond what `chance` over all groups allows.
matters: An average hides them. Often they come from another source, were prepared differently, or are labelled worse.
do: Look at the samples of the group beside those of another; compare how they were made, and how many there are in training.
ignore: Groups that are harder by nature.
*/
select
    key || '=' || value as subject,
    0 as step,
    last_step,
    loss / other_loss as value,
    $factor as threshold,
    format('{} samples of {} with {} = {} have a mean loss of {:.3g}, the {} others {:.3g}', samples, split, key, value, loss, others, other_loss) as message
from slices
where
    loss >= $factor * other_loss and other_loss > 0
    -- Tail of the normal distribution, Mills' bound: exp(-x^2/2) / x / sqrt(2 pi), times the number of groups.
    and t > 3 and slices * exp(-t * t / 2) / t / 2.5066 < $chance
    and z > 3 and slices * exp(-z * z / 2) / z / 2.5066 < $chance
order by t desc, subject
limit 20
