/*
title: Updates after which the weights are what they were
cause: parameter_not_optimized
strength: direct
severity: error
explains: [unknown, frozen_parameter, learning_rate_too_low, learning_rate_schedule, stopped_too_early, model_too_small, ignores_input, class_imbalance]
reads:
  weights: [mean, rms, min, max]
  updates: [rms]
params:
  share: {default: 0.9, unit: share of the weights that were updated, source: "a layer that is tied, clamped or put back on purpose is less than a model"}
  visible: {default: 1.0e-6, unit: update over weight, source: "float32 has 6e-8: a smaller step may be lost in rounding, and that is another fault"}
  patience: {default: 3, unit: recorded steps in a row, source: "a checkpoint that is loaded again puts the weights back once"}
finds: Weights whose mean, rms, lowest and highest value are to the last digit those of the recorded step before, though there was an update then - for `share` of all that were updated, `patience` recorded steps in a row, up to the end.
matters: The optimizer computes steps, and the model never sees them; the rest of the run changes nothing.
do: Look for what copies weights back after optimizer.step() (an average that is swapped in, a state that is loaded in the loop), for an optimizer step that is compiled or captured, and for an optimizer that holds copies of the parameters.
ignore: Searches that try a step and take it back.
*/
with seen as (
    select
        name,
        recorded,
        step,
        last_step,
        numel,
        rms,
        [mean, rms, abs_mean, "min", "max"] as figures
    from weights
    where split = 'train' and std > 0
),

followed as (
    select
        later.recorded,
        any_value(earlier.step) as step,
        any_value(later.last_step) as last_step,
        sum(later.numel) as updated,
        coalesce(sum(later.numel) filter (later.figures = earlier.figures), 0) as unmoved,
        arg_max(later.name, later.numel) as largest
    from seen as later
    join seen as earlier on earlier.name = later.name and earlier.recorded = later.recorded - 1
    join updates on updates.name = earlier.name and updates.recorded = earlier.recorded and updates.split = 'train'
    where updates.rms > $visible * earlier.rms
    group by later.recorded
),

final_stretch as (
    select *
    from followed
    where recorded > coalesce((select max(recorded) from followed where unmoved < $share * updated), -1)
)

select
    arg_max(largest, updated) as subject,
    min(step) as step,
    max(last_step) as last_step,
    min(unmoved / updated) as value,
    $share as threshold,
    format(
        'from step {} on, {:.0f} % of the weights are at each of {} recorded steps exactly what they were at the one before, though they were updated',
        min(step),
        100 * min(unmoved / updated),
        count(*)
    ) as message
from final_stretch
having count(*) >= $patience
order by step
