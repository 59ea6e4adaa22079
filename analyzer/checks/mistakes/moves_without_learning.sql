/*
title: A model that moves as it should and learns nothing
cause: labels_random
strength: strong
severity: warning
explains: [unknown]
reads:
  samples: [loss_sum]
  step_sizes: [update_ratio]
  learning: [first_loss]
  output_spreads: [spread]
  parameters: [live_update_steps]
params:
  losses: {default: 100, unit: training losses, source: "a shorter run has not had its chance"}
  passes: {default: 3, unit: passes up to the end, source: "at first every model is at the level of a guess"}
  share: {default: 0.97, unit: share of the loss of a guess, source: "as in no_better_than_guessing"}
  above: {default: 0.05, unit: share right, source: "above the most frequent class; more than chance gives in a few hundred samples"}
  correlation: {default: 0.15, unit: correlation, source: "of predictions and targets; explains 2 % of their variance"}
  best: {default: 0.8, unit: share of the first loss, source: "a loss that was once down by a fifth had learned something"}
  saturated: {default: 0.5, unit: share of the values, source: "as in saturated_layers: there is something that hampers it"}
  slowest: {default: 5.0e-4, unit: update over weight, source: "half of 1e-3, the least that is wanted of a step"}
  fastest: {default: 2.0e-2, unit: update over weight, source: "twice 1e-2, the most that is wanted of a step"}
  travelled: {default: 0.3, unit: share of the weights, source: "sum of all update ratios: far enough to get somewhere"}
  varies: {default: 0.02, unit: spread of the outputs, source: "ten times what constant_output calls constant"}
finds: A run in which every parameter gets updates, of a size that suits the weights and in all a long way, whose outputs differ from sample to sample, and whose training samples are in the last `passes` passes still predicted as by a guess.
matters: Nothing in the model or the optimizer is seen to hamper it. What is left is that the targets do not belong to the inputs as the model gets them.
do: Look at ten samples with their targets just before the model, in the shapes that it gets; check that both are shuffled, sorted, reshaped and filtered together; try whether two samples can be learned by heart.
ignore: Problems on which every model stays at chance for long before it learns.
*/
with classes_guessed as (
    select bool_and(loss >= $share * guess_loss and accuracy <= majority + $above) as guessed, max(accuracy) as value, max(majority) as threshold, min(loss) as loss
    from (select * from passes where split = 'train' order by pass desc limit $passes) as ends
    join class_levels using (split)
    where kinds > 1
    having count(*) = $passes
),

values_guessed as (
    select bool_and(abs(correlation) < $correlation and prediction_spread < target_spread) as guessed, max(abs(correlation)) as value
    from (select * from output_spreads where split = 'train' and correlation is not null order by pass desc limit $passes) as ends
    having count(*) = $passes
),

guess as (
    select value, threshold, format('the training loss is {:.4g} and {:.0f} % are right; the most frequent class has {:.0f} %', loss, 100 * value, 100 * threshold) as what
    from classes_guessed
    where guessed
    union all
    select value, $correlation, format('predictions and targets correlate by {:.2f} at most', value)
    from values_guessed
    where guessed
),

pace as (
    select median(update_ratio) as usual, sum(update_ratio * steps) as travelled, min(step) as step, max(last_step) as last_step
    from step_sizes
),

all_move as (
    select bool_and(not trainable or sparse or live_update_steps > 0) as so
    from parameters
),

flat as (
    select coalesce(max(saturated / count), 0) as saturated
    from (
        select name, median(saturated) as saturated, median(count) as count
        from preactivations
        where split = 'train' and regexp_matches(activation, 'tanh|sigmoid') and count > 0
        group by name
    )
),

outputs as (
    select arg_max(spread, pass) as spread
    from output_spreads
    where split = 'train'
)

select
    'train' as subject,
    pace.step,
    pace.last_step,
    guess.value,
    guess.threshold,
    format('each step moves the weights by {:.1g} of their size, in all by {:.2g}, and yet in the last {:d} passes {}', usual, travelled, $passes::int, guess.what) as message
from guess, pace, all_move, flat, outputs, learning
where
    losses >= $losses
    and not nonfinite_at_end
    and last_loss < 1.2 * first_loss
    and best_loss > $best * first_loss
    and flat.saturated < $saturated
    and usual between $slowest and $fastest
    and travelled >= $travelled
    and all_move.so
    and spread >= $varies
order by pace.step
