/*
title: A loss that jumps at a resume
cause: bad_resume
strength: strong
severity: error
explains: [unknown, learning_rate_too_high, exploding_gradient, overfitting, learning_rate_schedule]
reads:
  resumes: [loss_before, loss_after]
params:
  errors: {default: 5, unit: standard errors of the level before, source: "one in a million by chance"}
  share: {default: 0.25, unit: share of the progress made before, source: "a new order of the data does not cost a quarter of what was learned"}
  losses: {default: 5, unit: losses on each side, source: "the level of fewer is uncertain"}
finds: A training loss whose level in the first 20 steps after a resume lies above that of the last 20 before it by `errors` standard errors and by `share` of the progress made until then.
matters: What was loaded is not what was saved; weights, optimizer, scheduler, normalization statistics or data are others than before.
do: Save and load the state of model, optimizer, scheduler, scaler and random numbers; after loading, evaluate once and compare with the last evaluation before.
ignore: A second phase on other data or with another loss.
*/
select
    'loss' as subject,
    step,
    step as last_step,
    loss_after - loss_before as value,
    greatest($errors * 1.4826 * loss_spread / sqrt(least(losses_before, 20)) * 1.25, $share * (loss_first - loss_before)) as threshold,
    format('the training loss is {:.4g} before the resume at step {} and {:.4g} after it', loss_before, step, loss_after) as message
from resumes
where
    losses_before >= $losses and losses_after >= $losses
    and loss_after - loss_before > $errors * 1.4826 * loss_spread * 1.25 * sqrt(1.0 / least(losses_before, 20) + 1.0 / least(losses_after, 20))
    and loss_after - loss_before > $share * greatest(loss_first - loss_before, 0)
    and loss_after > loss_before * 1.1
order by step
