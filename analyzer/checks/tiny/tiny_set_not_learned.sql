/*
title: A handful of examples that cannot be learned by heart
cause: unknown
strength: symptom
severity: error
explains: [learning_rate_too_low, model_too_small]
reads:
  probes: [probe]
params: {}
finds: The overfit probe trained a copy of the model on a few examples, with its own optimizer and with Adam, and did not get there.
matters: Any sound model fits a few examples; the fault is in the code of model, loss or optimizer, and not in the amount of data.
do: Look at the causes named beside this; if there are none, print predictions and targets of these examples, and check shapes, last activation and loss.
ignore: A probe of very few steps; equal inputs with different targets among the examples.
*/
select
    'tiny set' as subject,
    0 as step,
    step as last_step,
    value,
    tolerance * reference as threshold,
    format(
        'after {} steps on {} examples the loss is still {:.4g} (it was {:.4g} at first){}',
        coalesce(details ->> 'steps', '?'),
        coalesce(details ->> 'examples', '?'),
        value,
        reference,
        case when details ->> 'fault' = 'optimizer' then ', while Adam learns them' else '' end
    ) as message
from probes
where probe = 'overfit' and passed = false
order by step
