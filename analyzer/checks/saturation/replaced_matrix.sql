/*
title: A step that replaces one weight matrix and throws the loss up
cause: learning_rate_too_high
strength: strong
severity: error
explains: [unknown, dead_units, saturated_activation, exploding_gradient, nonfinite_forward, nonfinite_backward, vanishing_gradient, ignores_input, model_too_small, disconnected_parameter, weight_decay_too_high, overfitting, class_imbalance]
reads:
  matrix_steps: [update_rms]
  training_losses: [loss]
  learning: [last_loss]
params:
  ratio: {default: 2, unit: update over weight, source: "the textbook: 1 % of the weight; no matrix of a healthy run of our zoo comes to 0.5"}
  thrown: {default: 2, unit: times the loss of that step, source: "a step that only looks large leaves the loss where it was"}
  window: {default: 20, unit: training steps, source: "an effect of the step shows at once"}
  progress: {default: 0.5, unit: share of the loss at that step, source: "a run that halves its loss has survived such a step"}
finds: A recorded step that changed a weight matrix by more than `ratio` of its size, after which, within `window` steps, the loss rose to `thrown` times what it was, in a run whose loss never came down to `progress` of it.
matters: That layer forgets where it began and leaps about from then on, however well the rate suits all the others; what it multiplies goes through the whole model.
do: Look at the learning rate of the parameter group that holds this matrix (a lost exponent, a factor for the head); bring it to where an update is 1e-3 to 1e-2 of the weight.
ignore: Nothing, unless the loss is not meant to fall.
*/
with replaced as (
    select
        step,
        last_step,
        name,
        optimizer_group,
        update_rms / weight_scale as overwritten
    from matrix_steps
    where update_rms > $ratio * weight_scale and isfinite(update_rms)
),

losses as (
    select
        step,
        loss,
        max(loss) over (order by step range between 1 following and $window following) as highest
    from training_losses
    where isfinite(loss)
),

judged as (
    select
        replaced.*,
        loss,
        highest
    from replaced
    join losses using (step)
    where loss > 0
)

select
    arg_max(name, overwritten) as subject,
    min(judged.step) as step,
    max(judged.last_step) as last_step,
    max(overwritten) as value,
    $ratio as threshold,
    format(
        'a step changes {} by {:.0f} % of its size, first at step {}, and the loss rises from {:.4g} to {:.4g}',
        arg_max(name, overwritten),
        100 * least(max(overwritten), 1e9),
        min(judged.step),
        arg_min(judged.loss, judged.step),
        max(highest)
    ) as message
from judged, learning
where highest > $thrown * judged.loss and (nonfinite_at_end or last_loss > $progress * judged.loss)
having count(*) > 0
order by step
