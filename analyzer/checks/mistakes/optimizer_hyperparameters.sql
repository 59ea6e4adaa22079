/*
title: Optimizer settings outside of what they are made for
cause: optimizer_setting
strength: strong
severity: warning
explains: [unknown, learning_rate_too_high, learning_rate_too_low, exploding_gradient, nonfinite_forward, dead_units, ignores_input, overfitting, weight_decay_too_high, model_too_small, class_imbalance]
reads:
  optimizer_groups: [type]
  learning: [losses]
params:
  momentum: {default: 0.99, unit: share kept, source: "a step of SGD with momentum m adds up to 1/(1-m) times the rate: 100 at 0.99"}
  eps: {default: 1.0e-3, unit: gradient, source: "Adam's default is 1e-8; from 1e-3 on it outweighs usual gradients"}
  beta2: {default: 0.9, unit: share kept, source: "defaults are 0.95 to 0.999; below 0.9 the second moment follows single batches"}
finds: In a run that did not learn - momentum or beta1 of `momentum` and more, beta1 above beta2, beta2 below `beta2`, or an epsilon of `eps` and more.
matters: Steps add up over far too many batches, or are divided by a number that has nothing to do with the gradient.
do: Go back to the defaults (momentum 0.9; betas 0.9 and 0.999; epsilon 1e-8) and change one at a time.
ignore: Settings that come with a recipe that is known to work.
*/
with settings as (
    select
        optimizer_group,
        type,
        greatest(coalesce(momentum, 0), coalesce(beta1, 0)) as memory,
        beta1,
        beta2,
        eps
    from optimizer_groups
),

wrong as (
    select
        optimizer_group,
        'betas swapped' as what,
        beta1 as value,
        beta2 as threshold,
        format('beta1 {:.4g} is larger than beta2 {:.4g}', beta1, beta2) as message
    from settings
    where beta1 > beta2
    union all
    select
        optimizer_group,
        'momentum',
        memory,
        $momentum,
        format('the optimizer keeps {:.4g} of its last step: steps add up over {:.0f} batches', memory, 1 / greatest(1 - memory, 1e-6))
    from settings
    where memory >= $momentum
    union all
    select optimizer_group, 'beta2', beta2, $beta2, format('the second moment keeps only {:.3g} from step to step', beta2)
    from settings
    where beta2 < $beta2 and type <> 'Lion' and not beta1 > beta2
    union all
    select optimizer_group, 'epsilon', eps, $eps, format('epsilon is {:.2g}, as large as a gradient', eps)
    from settings
    -- RMSprop and Adagrad are used with an epsilon of 1 by known recipes.
    where eps >= if(type like 'Adam%', $eps, 2)
)

select
    what as subject,
    0 as step,
    (select max(step) from training_losses) as last_step,
    value,
    threshold,
    format('{} ({} of group {})', message, type, optimizer_group) as message
from wrong
join optimizer_groups using (optimizer_group), learning
where not coalesce(learning.learned, false) or learning.last_loss > 1.5 * learning.best_loss
order by optimizer_group, subject
limit 50
