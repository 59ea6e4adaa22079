/*
title: A loss that gets worse as the units of a layer go silent
cause: dead_units
strength: strong
severity: error
explains: [unknown, vanishing_gradient, learning_rate_too_low, disconnected_parameter, ignores_input, model_too_small, weight_decay_too_high, class_imbalance]
reads:
  activations: [zeros, count, activation, silent_units]
  loss_windows: [median]
params:
  share: {default: 0.3, unit: share of a layer's units, source: "below the half of dead_units: here the loss bears witness"}
  patience: {default: 3, unit: recorded steps in a row, source: "a unit is silent only after 20 passes; three such windows in a row"}
  window: {default: 20, unit: steps, source: "the passes after which the recorder calls a unit silent"}
  certainty: {default: 4, unit: times the noise of a level, source: "four standard errors"}
finds: Layers in which `share` more of the units than before go silent in mid-run, for good, and a loss that at the end lies above the best level before.
matters: What these units had learned is lost, and without a gradient it cannot be learned again.
do: Look at the update ratio and the gradient norm just before the onset; clip the gradient or lower the rate; LeakyReLU or GELU keep a gradient.
ignore: Units that are pruned on purpose.
*/
with shares as (
    select
        name,
        step,
        last_step,
        recorded,
        silent_units / units as silent,
        min(silent_units / units) over (partition by name order by recorded rows between current row and unbounded following) as least_after,
        max(silent_units / units) over (partition by name order by recorded rows between unbounded preceding and 1 preceding) as most_before
    from activations
    where split = 'train' and units > 0 and silent_units is not null
),

rises as (
    select
        name,
        arg_min(step, recorded) as step,
        arg_min(least_after, recorded) as least_after
    from shares
    where least_after >= coalesce(most_before, 1) + $share
    group by name
),

tail as (
    select rises.name, count(*) as recorded_steps, max(shares.last_step) as last_step
    from rises
    join shares on shares.name = rises.name and shares.step >= rises.step
    group by rises.name
),

levels as (
    select
        rises.name,
        min(median) filter (loss_windows.last_step < rises.step - $window) as level_before,
        arg_max(median, position) as level_at_end
    from rises, loss_windows
    where losses > 0
    group by rises.name
)

select
    name as subject,
    greatest(rises.step - $window, 0) as step,
    tail.last_step,
    least_after as value,
    $share as threshold,
    format(
        '{:.0f} % of the units of {} go silent about step {}; the loss was {:.4g} at best before and is {:.4g} at the end',
        100 * least_after,
        name,
        greatest(rises.step - $window, 0),
        level_before,
        level_at_end
    ) as message
from rises
join tail using (name)
join levels using (name)
cross join learning
where recorded_steps >= $patience and level_at_end > level_before + greatest($certainty * noise, 0.05 * abs(level_before))
order by rises.step, subject
limit 50
