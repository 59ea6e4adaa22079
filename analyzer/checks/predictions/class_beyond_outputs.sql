/*
title: A class number that the model has no output for
cause: target_out_of_range
strength: direct
severity: error
explains: [unknown, label_errors, crashed, nonfinite_forward, loss_formula, exploding_gradient, loss_mismatch, class_imbalance, ignores_input]
reads:
  target_ranges: [outputs]
params: {}
finds: Targets below 0 (other than ignore_index) or not below the number of outputs; for a single output anything but 0 and 1.
matters: The loss indexes beyond the outputs, which is a crash on a CPU, an assertion or garbage on a GPU, and a loss without lower bound for a single output.
do: Count classes from 0 and give the model as many outputs as there are classes; resize masks with nearest neighbours, not with interpolation.
ignore: A number that marks what does not count; declare it as ignore_index.
*/
select
    split as subject,
    step,
    last_step,
    worst as value,
    outputs as threshold,
    format('{} targets of {} are class {}{}, but the model has {}', bad, split, worst, if(worst_low < 0 and worst_low <> worst, format(' or {}', worst_low), ''),
        if(outputs = 1, 'one output, which knows 0 and 1', format('{} outputs, which know 0 to {}', outputs, outputs - 1))) as message
from target_ranges
where bad > 0
order by step, subject
