/*
title: A tiny set that Adam learns and the run's own optimizer does not
cause: optimizer_setting
strength: strong
severity: warning
explains: [unknown]
reads:
  probes: [details]
params: {}
finds: The overfit probe failed with a copy of the run's optimizer and passed with Adam on the same examples.
matters: Model and loss can learn; what keeps them from it is the optimizer or its settings.
do: Compare learning rate, momentum, epsilon and weight decay with the defaults; look at the update ratio.
ignore: An optimizer that is meant to be slow at first (a long warm-up).
*/
select
    'tiny set' as subject,
    0 as step,
    step as last_step,
    value,
    tolerance * reference as threshold,
    format(
        'on the tiny set the run''s optimizer (learning rate {}) gets from {:.4g} to {:.4g}, Adam to {}',
        coalesce(details ->> 'learning_rate', '?'),
        reference,
        value,
        coalesce(details -> 'with_adam' ->> 'best', '?')
    ) as message
from probes
where probe = 'overfit' and passed = false and details ->> 'fault' = 'optimizer'
order by step
