/*
title: A share that is logged in percent
cause: metric_formula
strength: direct
severity: info
explains: []
reads:
  metric_formulas: [compared]
params:
  share: {default: 0.9, unit: share of the evaluations that can tell, source: "sums of whole numbers agree to 1e-4"}
  patience: {default: 3, unit: logged numbers, source: "three numbers that agree to four digits are no coincidence"}
finds: A metric that is exactly a hundred times the share that its name says.
matters: Nothing is wrong with it, but a threshold meant for shares, or a comparison with another run, will be off by a hundred.
do: Log the share, or say percent in the name.
ignore: Percent on purpose.
*/
select
    name as subject,
    step,
    last_step,
    reproduced / distinct_steps as value,
    $share as threshold,
    format('{} of {} is logged in percent, such as {:.5g} at step {} for a share of {:.5g}', name, split, logged_value, last_step, right_value) as message
from metric_formulas
where
    cause = 'percent' and reproduced >= $patience and reproduced >= $share * distinct_steps
    and not regexp_matches(lower(name), 'percent|pct|%')
order by split, step, subject
