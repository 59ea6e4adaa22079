/*
title: Layers frozen while they are still as initialised at random
cause: frozen_parameter
strength: strong
severity: warning
explains: [unknown, model_too_small, learning_rate_too_low, ignores_input, dead_units, class_imbalance]
reads:
  parameters: [trainable]
  weights: [max]
  learning: [last_loss]
  events: [kind]
params:
  share: {default: 0.5, unit: share of the weights, source: "most of a model"}
  matrices: {default: 2, unit: matrices, source: "one alone may be a random projection"}
  progress: {default: 0.5, unit: share of the first loss, source: "a run that halves its loss gets along with its random features"}
  tolerance: {default: 0.1, unit: relative, source: "the default draws uniformly from +-1/sqrt(fan-in): largest value and rms are known"}
finds: Weight matrices that are frozen all the time and never change, `matrices` or more and at least `share` of all weights, whose largest value and rms are those of the default random initialisation, in a run whose loss is not down to `progress` of its first level.
matters: The frozen layers hold noise; no pretrained weights were loaded, and nothing will ever train them.
do: Load the pretrained weights before freezing (and look at what load_state_dict reports), or let these layers train.
ignore: Random features and reservoirs, which are meant to stay as drawn.
*/
with first_seen as (
    select name, arg_min(greatest("max", -"min"), step) as largest
    from weights
    where split = 'train'
    group by name
),

thawed as (
    select distinct details ->> 'tensor' as name
    from events
    where kind = 'trainable' and (details ->> 'trainable')::boolean
),

drawn as (
    select
        parameters.*,
        numel / shape[1] as fan_in,
        largest
    from parameters
    join first_seen using (name)
    where dimensions >= 2 and not trainable and not sparse and name not in (from thawed)
),

random as (
    select *
    from drawn
    where
        numel >= 64
        and last_rms = first_rms
        and abs(first_rms * sqrt(3 * fan_in) - 1) < $tolerance
        and largest * sqrt(fan_in) between 1 - $tolerance and 1.001
),

total as (
    select sum(numel) as weights
    from parameters
    where dimensions >= 2 and not sparse
)

select
    arg_max(name, numel) as subject,
    min(first_step) as step,
    max(last_step) as last_step,
    sum(numel) / any_value(weights) as value,
    $share as threshold,
    format('{} frozen matrices, {:.0f} % of the weights, are still as drawn at random', count(*), 100 * sum(numel) / any_value(weights)) as message
from random, total, learning
where nonfinite_at_end or last_loss > $progress * first_loss
having sum(numel) >= $share * any_value(weights) and count(*) >= $matrices
order by step
