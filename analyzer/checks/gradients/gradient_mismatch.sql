/*
title: Back-propagated gradients that differ from numerical ones
cause: wrong_gradient
strength: direct
severity: error
explains: [unknown, learning_rate_too_high, learning_rate_too_low, exploding_gradient, vanishing_gradient, disconnected_parameter]
reads:
  probes: [probe]
params:
  mistake: {default: 0.01, unit: relative error, source: "CS231n, Gradient checks: above 1e-2 the gradient is probably wrong"}
finds: The gradient probe, in double precision, measured a derivative that differs from the back-propagated one by more than its tolerance and `mistake`.
matters: The optimizer follows a direction that does not lower the loss, or lowers it more slowly than it could.
do: Correct the backward of the custom function in the module named, or let autograd derive it; torch.autograd.gradcheck tests it alone.
ignore: Gradients that are wrong on purpose (straight-through estimators, gradient reversal, stop-gradient targets).
*/
select
    subject,
    0 as step,
    step as last_step,
    value,
    greatest(tolerance, $mistake) as threshold,
    case details ->> 'kind'
        when 'module' then format('the backward of {} is wrong: it hands on a gradient that is off by {:.2g} of its size against central differences', subject, value)
        when 'loss' then format('the backward of the loss function is wrong: the gradient of the model''s output is off by {:.2g} of its size', value)
        else format('the gradient of {} is off by {:.2g} of its size against central differences', subject, value)
    end as message
from probes
-- A wrong backward spoils the gradient of every parameter before it, and the summary repeats the worst: only the module to blame is named.
where
    probe = 'gradient_check'
    and passed = false
    and value > greatest(tolerance, $mistake)
    and details ->> 'blamed' is null
    and coalesce(details ->> 'kind', '') <> 'summary'
order by value desc, subject
limit 50
