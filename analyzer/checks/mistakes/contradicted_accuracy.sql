/*
title: A logged accuracy that the recorded predictions contradict
cause: metric_formula
strength: strong
severity: error
explains: [unknown]
reads:
  logged_units: [value, hits]
params:
  gap: {default: 0.2, unit: share, source: "no choice of samples, rounding or averaging moves an accuracy this far in every evaluation"}
  errors: {default: 5, unit: standard errors of the recomputed share, source: "one in a million"}
  patience: {default: 3, unit: evaluations, source: "a single odd evaluation is no finding"}
finds: An accuracy that lies on one side of the one recomputed from the recorded predictions, by more than `gap` and `errors`, in the last `patience` evaluations and in four of five of all.
matters: The metric is computed from something other than these predictions and targets, as an argmax over the wrong axis or targets in another order do; the model may be much better or worse than the number.
do: Compare the predictions and targets that go into the metric with those given to rec.samples, first their shapes, then a few values; check the axis of argmax.
ignore: An accuracy that is about other samples than those recorded in this split.
*/
with compared as (
    select
        name,
        split,
        step,
        if(value > 1.5, value / 100, value) as logged,
        hits / judged as share,
        sqrt(greatest(share * (1 - share), 0.25 / judged) / judged) as standard_error,
        sign(logged - share) * (abs(logged - share) > $gap and abs(logged - share) > $errors * standard_error)::int as side,
        row_number() over (partition by name, split order by step desc) as place
    from logged_units
    where family = 'accuracy' and split <> 'train' and places = 1 and judged > 0
),

verdicts as (
    select
        name,
        split,
        count(*) as evaluations,
        greatest(count(*) filter (side = 1), count(*) filter (side = -1)) as contradicted,
        abs(sum(side) filter (place <= $patience)) as at_the_end,
        min(step) filter (side <> 0) as step,
        max(step) as last_step,
        arg_max(logged, step) as logged,
        arg_max(share, step) as share
    from compared
    group by name, split
)

select
    name as subject,
    step,
    last_step,
    abs(logged - share) as value,
    $gap as threshold,
    format('{} of {} is logged as {:.3f}, but {:.3f} of the recorded predictions are right, and so in {} of {} evaluations', name, split, logged, share, contradicted, evaluations) as message
from verdicts
where
    at_the_end = $patience
    and contradicted >= 0.8 * evaluations
    and not exists (from metric_formulas as found where found.name = verdicts.name and found.split = verdicts.split and found.reproduced >= 3 and found.reproduced >= 0.9 * found.distinct_steps)
order by step, subject
