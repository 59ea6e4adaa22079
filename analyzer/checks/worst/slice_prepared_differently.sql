/*
title: Groups of samples that fail and were prepared differently
cause: split_mismatch
strength: strong
severity: warning
explains: [unknown]
reads:
  slices: [std, mean]
params:
  factor: {default: 1.5, unit: times the loss of the others, source: "a difference worth looking at"}
  chance: {default: 0.001, unit: probability after correction for all groups compared, source: "Bonferroni"}
  ratio: {default: 1.7, unit: times, source: "as between splits"}
  shift: {default: 0.7, unit: standard deviations within a sample, source: "as between splits"}
finds: Values of a key of `meta` whose samples have at least `factor` times the loss of the others, beyond chance, and whose inputs have another scale or level than those of the split.
matters: The model is asked about inputs that look unlike all others only because of how they were read.
do: Read and scale the samples of the group like the others; look at units, bit depth, channel order.
ignore: Groups whose inputs differ by nature.
*/
select
    key || '=' || value as subject,
    0 as step,
    last_step,
    std / other_std as value,
    $ratio as threshold,
    format('{} samples of {} with {} = {} have inputs of mean {:.3g} and standard deviation {:.3g} where {:.3g} and {:.3g} are usual, and {:.2g} times the loss of the others',
        samples, split, key, value, mean, std, other_mean, other_std, loss / other_loss) as message
from slices
where
    loss >= $factor * other_loss and other_loss > 0
    and t > 3 and slices * exp(-t * t / 2) / t / 2.5066 < $chance
    and (std > $ratio * other_std or std < other_std / $ratio or abs(mean - other_mean) > $shift * least(std, other_std))
order by t desc, subject
limit 20
