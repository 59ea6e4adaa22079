/*
title: Steps that overwrite the weights instead of adjusting them
cause: learning_rate_too_high
strength: strong
expected: true
severity: error
explains: [unknown, dead_units, saturated_activation, exploding_gradient, nonfinite_forward, nonfinite_backward, vanishing_gradient, ignores_input, model_too_small, overfitting, class_imbalance]
reads:
  step_sizes: [overwritten]
params:
  ratio: {default: 0.1, unit: update over weight, source: "TheDeepChecker, DeepDiagnosis, torchmortem: above 1e-1; the textbook wants about 1e-2, others 1e-3"}
  patience: {default: 2, unit: recorded steps in a row, source: "one jump out of a warm-up or a restart is normal"}
  progress: {default: 0.5, unit: share of the very first loss, source: "a run that halves its loss after such steps has survived them; see overwritten_weights"}
finds: A median update of the weight matrices above `ratio` of the weights themselves, `patience` recorded steps in a row, in a run that does not learn; steps after which the loss came to be lower than ever before, and to `progress` of its first value, did no harm.
matters: After ten such steps nothing is left of what the weights were; the loss jumps about or runs away, units die and saturate.
do: Divide the learning rate by ten, or warm it up; aim at updates between 1e-3 and 1e-2 of the weights.
ignore: The first steps of a small network that learns.
*/
with flagged as (
    select *, coalesce(overwritten > $ratio, false) as bad
    from step_sizes
),

stretches as (
    select *, recorded - row_number() over (partition by bad order by recorded) as stretch
    from flagged
),

found as (
    select
        stretch,
        min(step) as step,
        max(last_step) as last_step,
        max(overwritten) as overwritten,
        arg_max(largest_name, overwritten) as largest_name,
        count(*) as recorded_steps
    from stretches
    where bad
    group by stretch
    having count(*) >= $patience
),

first as (
    select arg_min(loss, step) as loss
    from training_losses
),

survived as (
    -- Only a stretch that is over can have been survived.
    select found.stretch
    from found, first, loss_windows
    where loss_windows.losses > 0 and loss_windows.median >= 0 and found.last_step < (select max(last_step) from step_sizes)
    group by found.stretch, found.step, found.last_step, first.loss
    having
        min(median) filter (loss_windows.step > found.last_step) < least(
            $progress * first.loss,
            coalesce(min(median) filter (loss_windows.last_step < found.step), 'infinity'::double)
        )
)

select
    largest_name as subject,
    step,
    last_step,
    overwritten as value,
    $ratio as threshold,
    format(
        'a step changes the weights by up to {:.0f} % of their size, from step {} on, most of all {}',
        100 * least(overwritten, 1e9),
        step,
        largest_name
    ) as message
from found
where stretch not in (select survived.stretch from survived)
order by step
limit 1
