/*
title: Gradients that grow out of all proportion
cause: exploding_gradient
strength: symptom
severity: error
explains: [unknown, ignores_input, class_imbalance]
reads:
  gradient_norms: [usual]
params:
  factor: {default: 100, unit: times the geometric mean of the 100 steps before, source: "torchmortem and neuraldbg call an absolute 1000 exploding; relative to the run's own past 10 is a usual spike (runmedic)"}
  history: {default: 5, unit: steps, source: "fewer steps give no level to compare with"}
finds: A gradient norm more than `factor` times its usual level of the up to 100 steps before.
matters: One such step can throw the weights far from where they were; it shows before the loss does.
do: Look at the step named - its batch, and the layer in which the gradient begins to grow; clip the gradient norm at about its 90th percentile; lower the learning rate.
ignore: A norm that rises from almost zero when the model leaves a plateau.
*/
select
    'gradient_norm' as subject,
    min(step) as step,
    max(step) as last_step,
    arg_min(norm / usual, step) as value,
    $factor as threshold,
    format(
        'the gradient norm is {:.3g} at step {}, {:.3g} times its usual level{}',
        arg_min(norm, step),
        min(step),
        arg_min(norm / usual, step),
        if(count(*) > 1, format(', and so far above it in {} steps', count(*)), '')
    ) as message
from gradient_norms
where place >= $history and usual > 0 and norm > $factor * usual and isfinite(norm)
having count(*) > 0
order by step
