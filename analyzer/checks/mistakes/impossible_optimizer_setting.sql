/*
title: A setting with which the optimizer is not what it is named for
cause: optimizer_setting
strength: direct
severity: warning
explains: [unknown, learning_rate_too_high, learning_rate_too_low, exploding_gradient, nonfinite_forward, nonfinite_backward, dead_units, ignores_input, overfitting, class_imbalance]
reads:
  optimizer_groups: [type]
params:
  memory: {default: 1, unit: "beta1 squared over the root of beta2", source: "Kingma and Ba, Adam, theorem 4.1 asks for less than 1; betas that are swapped come to 1.05, equal ones stay below"}
  momentum: {default: 1, unit: share kept, source: "torch.optim.SGD: the buffer is momentum times itself plus the gradient; a geometric series with a factor of 1 has no sum"}
  dampening: {default: 0.1, unit: steps with momentum over steps without, source: "torch.optim.SGD: the buffer is momentum times itself plus 1 - dampening times the gradient; a dampening that equals the momentum gives 1, none gives 1/(1 - momentum)"}
finds: Adam and its kin with a beta1 whose square is `memory` times the root of beta2 or more (as when the two are swapped), a momentum of `momentum` and more, or a dampening that makes the steps less than `dampening` of what they are without any momentum. torch.optim accepts all three.
matters: A direction that is averaged over far more steps than its size is scaled by a size that it does not have; a momentum of 1 adds up all steps for ever; a dampening near 1 lets next to nothing of a gradient in.
do: Write the settings by name, in the order of the documentation - betas=(0.9, 0.999), momentum=0.9.
ignore: Nothing, though a small rate may hide it.
*/
with wrong as (
    select
        optimizer_group,
        type,
        'betas' as what,
        beta1 * beta1 / sqrt(beta2) as value,
        $memory as threshold,
        format('beta1 is {:.4g} and beta2 {:.4g}: steps remember their direction for longer than their size', beta1, beta2) as message
    from optimizer_groups
    where type like '%Adam%' and beta1 < 1 and beta1 * beta1 >= $memory * sqrt(beta2)
    union all
    select optimizer_group, type, 'momentum', momentum, $momentum, format('a momentum of {:.4g} never forgets a step', momentum)
    from optimizer_groups
    where momentum >= $momentum
    union all
    select
        optimizer_group,
        type,
        'dampening',
        (1 - dampening) / (1 - momentum),
        $dampening,
        format('a dampening of {:.4g} with a momentum of {:.4g} leaves {:.2g} of a step without either', dampening, momentum, (1 - dampening) / (1 - momentum))
    from optimizer_groups
    where momentum > 0 and momentum < $momentum and 1 - dampening < $dampening * (1 - momentum)
)

select
    what as subject,
    0 as step,
    (select max(step) from training_losses) as last_step,
    value,
    threshold,
    format('{} ({} of group {})', message, type, optimizer_group) as message
from wrong
order by optimizer_group, subject
limit 50
