/*
title: Token losses that stay within what a second softmax allows
cause: wrong_output_activation
strength: strong
severity: error
explains: [unknown, vanishing_gradient, learning_rate_too_low, model_too_small, stopped_too_early, class_imbalance]
reads:
  samples: [worst, loss_sum, outputs]
params:
  sequences: {default: 100, unit: sequences, source: "fewer may lie within the bounds by chance"}
  moved: {default: 0.1, unit: nats, source: "a model that has not begun to learn is near ln C and within the bounds as well"}
  pressed: {default: 0.3, unit: share of the way from ln C to the floor, source: "with few classes the bounds are wide; only a loss that comes near the floor tells"}
  many: {default: 10, unit: outputs, source: "from here on the upper bound is less than 0.16 above ln C, and a model that is surer than that of some tokens is wrong about others"}
  rounding: {default: 1.0e-3, unit: share of the loss, source: "half precision"}
finds: A model that tells a class at each position, of whose C outputs none ever gets a loss above ln(e + C - 1) or a sequence a mean loss below ln(e + C - 1) - 1, in all of a run in which the loss came down.
matters: These are the bounds of a softmax over probabilities. No class can get more than e/(e + C - 1), whatever the model learns.
do: Return the raw outputs of the last layer to a loss that applies its own softmax, as cross_entropy does; or use nll_loss on log_softmax.
ignore: Nothing known.
*/
with extremes as (
    select
        any_value(outputs) as outputs,
        count(*) as sequences,
        max(step) as last_step,
        min(loss_sum::double / elements) as lowest,
        max(list_max(list_transform(worst, lambda token: token.loss))) as highest
    from samples
    where worst is not null and len(worst) > 0 and elements > 0 and isfinite(loss_sum) and outputs > 2
    having count(distinct outputs) = 1
),

bounds as (
    select *, ln(exp(1) + outputs - 1) as upper, ln(outputs) as guess
    from extremes
)

select
    '' as subject,
    0 as step,
    last_step,
    lowest as value,
    upper - 1 as threshold,
    format('in {} sequences of {} classes no token has a loss above {:.4g} and no sequence a mean below {:.4g}; a second softmax keeps them between {:.4g} and {:.4g}',
        sequences, outputs, highest, lowest, upper - 1, upper) as message
from bounds
where
    sequences >= $sequences
    and highest <= (1 + $rounding) * upper
    and lowest >= (1 - $rounding) * (upper - 1)
    and lowest < guess - $moved
    and (outputs >= $many or lowest < upper - 1 + $pressed * (guess - upper + 1))
order by last_step
