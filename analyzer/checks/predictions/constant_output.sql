/*
title: The same output for every sample
cause: ignores_input
strength: strong
expected: true
severity: error
explains: [unknown, disconnected_parameter, class_imbalance, model_too_small, learning_rate_too_low, stopped_too_early]
reads:
  output_spreads: [spread]
params:
  spread: {default: 0.001, unit: share of the spread of a guess, source: "TheDeepChecker, outputs constant; float32 noise of a large network stays below 1e-5"}
  patience: {default: 3, unit: passes up to the end, source: "an untrained network may give nearly constant outputs once"}
  samples: {default: 10, unit: samples, source: "fewer may be alike by chance"}
finds: Predictions that are the same for all samples, in every split's last `patience` passes, although the samples differ.
matters: The model has become a constant, which can learn the average target and nothing else.
do: Follow the input through the layers; the first activation whose spread over the samples is zero is the place. Dead units, weights at zero, a detached or overwritten input do this.
ignore: A model of one class, or samples that are all alike.
*/
with ranked as (
    select *, row_number() over (partition by split order by pass desc) as place
    from output_spreads
    where samples >= $samples
),

constant_since as (
    select split, max(pass) filter (spread > $spread) as last_good
    from ranked
    group by split
),

flat as (
    select ranked.*
    from ranked
    join constant_since using (split)
    where pass > coalesce(last_good, -1)
)

select
    split as subject,
    min(first_step) as step,
    max(step) as last_step,
    max(spread) as value,
    $spread as threshold,
    format('the output is the same for all {} samples of {} in its last {} passes, {}', max(samples), split, count(*), arg_max(what, pass)) as message
from flat
where not exists (from ranked where place <= $patience and spread > $spread)
group by split
having count(*) >= least($patience, (select max(place) from ranked where ranked.split = flat.split)) and count(*) >= 2
order by split <> 'train', step, subject
