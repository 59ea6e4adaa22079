/*
title: Units that no longer fire
cause: dead_units
strength: strong
expected: true
severity: warning
explains: [unknown, vanishing_gradient, learning_rate_too_low, disconnected_parameter, ignores_input, model_too_small, weight_decay_too_high, class_imbalance]
reads:
  activations: [step, recorded, module, units, silent_units]
params:
  share: {default: 0.5, unit: share of a layer's units, source: "SageMaker Debugger, DeadRelu threshold_layer"}
  patience: {default: 3, unit: recorded steps in a row, source: "a unit is silent only after 20 passes; three such windows in a row"}
  spread: {default: 0.001, unit: share of the spread of a guess, source: "constant_output: an output that is the same for all samples"}
  window: {default: 20, unit: steps, source: "the passes after which the recorder calls a unit silent"}
finds: Layers in which at least `share` of the units stayed at zero for every sample, `patience` recorded steps in a row, up to the end, in a model whose outputs differed between samples at some time.
matters: A unit that is zero for every sample gets no gradient and never comes back by itself; the layer has lost that much capacity.
do: Lower the learning rate or clip the gradient before the onset; look at what the update ratio did there; LeakyReLU or GELU keep a gradient.
ignore: A layer of which some units fire, in a model whose output is the same for all samples from the start, where a unit that is zero for one is zero for all (see constant_output). Pruned or gated layers that are meant to be sparse; layers that were this silent from step 0 and learn all the same.
*/
with flagged as (
    select
        name,
        step,
        last_step,
        recorded,
        zeros / count as zero_share,
        silent_units / units as silent,
        silent_units >= $share * units as bad
    from activations
    where split = 'train' and units > 0 and silent_units is not null
),

last_good as (
    select name, coalesce(max(recorded) filter (not bad), -1) as recorded
    from flagged
    group by name
),

final_stretch as (
    select
        name,
        min(step) as step,
        max(last_step) as last_step,
        arg_max(silent, step) as silent,
        count(*) as recorded_steps
    from flagged
    join last_good using (name)
    where flagged.recorded > last_good.recorded
    group by name
),

always_constant as (
    select max(spread) <= $spread and count(*) > 1 as alike
    from output_spreads
    where split = 'train' and samples > 1
),

onset as (
    select final_stretch.name, min(flagged.step) as step
    from final_stretch
    join flagged on flagged.name = final_stretch.name and flagged.step between final_stretch.step - $window and final_stretch.step
    where zero_share >= 0.95 * final_stretch.silent + 0.05 * final_stretch.silent * final_stretch.silent
    group by final_stretch.name
)

select
    name as subject,
    coalesce(onset.step, final_stretch.step) as step,
    last_step,
    silent as value,
    $share as threshold,
    format('{:.0f} % of the units of {} are zero for every sample since step {}', 100 * silent, name, coalesce(onset.step, final_stretch.step)) as message
from final_stretch
left join onset using (name)
where recorded_steps >= $patience and (silent = 1 or not coalesce((from always_constant), false))
order by step, subject
limit 50
