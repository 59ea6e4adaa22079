/*
title: A loss that stops falling as a layer saturates
cause: saturated_activation
strength: strong
severity: error
explains: [unknown, vanishing_gradient, dead_units, learning_rate_too_low, model_too_small, ignores_input, disconnected_parameter, parameter_not_optimized, weight_decay_too_high, class_imbalance]
reads:
  bounded_layers: [flat]
  loss_windows: [median]
params:
  share: {default: 0.5, unit: share of the values, source: "SageMaker Debugger and DeepDiagnosis: more than half"}
  jump: {default: 0.25, unit: share of the values, source: "a saturation that sets in, as opposed to one that is as it always was"}
  patience: {default: 3, unit: recorded steps in a row, source: "a single batch can be odd"}
  gain: {default: 0.1, unit: share of the progress before, source: "less than a tenth of what was gained before is a stop"}
  open: {default: 0.15, unit: share of the first loss, source: "a loss that is down to this had come near its end by itself"}
  certainty: {default: 4, unit: times the noise of a level, source: "four standard errors"}
finds: Hidden tanh and sigmoid layers that saturate in mid-run, and a loss that from there on gains less than `gain` of its progress before, or that at the end lies above the best level before.
matters: Almost no gradient comes back through such a layer; what was learned is lost and cannot be learned again.
do: Look at what grew just before the onset (weights, inputs, learning rate); lower the rate, scale the inputs, normalise before the activation.
ignore: Gates that are meant to be open or shut.
*/
with flagged as (
    select *, flat >= $share as bad
    from bounded_layers
),

last_good as (
    select name, max(recorded) filter (not bad) as recorded
    from flagged
    group by name
),

onset as (
    select
        name,
        min(step) as step,
        max(last_step) as last_step,
        min(flat) as flat,
        any_value(activation) as activation
    from flagged
    join last_good using (name)
    where flagged.recorded > last_good.recorded
    group by name
    having count(*) >= $patience
),

before as (
    select onset.name, median(flagged.flat) as flat
    from onset
    join flagged on flagged.name = onset.name and flagged.step < onset.step
    group by onset.name
),

levels as (
    select
        onset.name,
        min(median) filter (loss_windows.last_step < onset.step) as level_before,
        min(median) filter (loss_windows.step > onset.step) as level_after,
        arg_max(median, position) as level_at_end
    from onset, loss_windows
    where losses > 0
    group by onset.name
)

select
    name as subject,
    onset.step,
    onset.last_step,
    level_at_end as value,
    level_before as threshold,
    format(
        '{} ({}) saturates at step {}; the loss was {:.4g} at best before and is {:.4g} at the end',
        name,
        activation,
        onset.step,
        level_before,
        level_at_end
    ) as message
from onset
join before using (name)
join levels using (name)
cross join learning
where
    onset.flat >= before.flat + $jump
    and (
        level_at_end > level_before + greatest($certainty * noise, 0.05 * abs(level_before))
        or (
            level_before > $open * first_loss
            and level_before - level_after < $gain * (first_loss - level_before)
            and first_loss - level_before > $certainty * noise
            and onset.last_step - onset.step > 0.3 * onset.last_step
        )
    )
order by onset.step, subject
limit 50
