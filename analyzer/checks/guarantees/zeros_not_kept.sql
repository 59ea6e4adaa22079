/*
title: Weights that were declared to stay zero and do not
cause: guarantee_broken
strength: direct
severity: error
explains: []
reads:
  metrics: [step, name, value]
params: {}
finds: Parameters declared with guarantees=("exact_zeros:NAME",) of which an entry is not zero after a step.
matters: A mask or a proximal step that lets values through is not applied, or applied in the wrong place; the sparsity that was counted on is not there.
do: Apply the mask after optimizer.step(), to weights and to the optimizer's moments alike; weight decay and momentum move masked entries too.
ignore: Nothing; do not declare the guarantee for parameters that may move.
*/
select
    name[13:] as subject,
    min(step) as step,
    max(step) as last_step,
    arg_min(value, step) as value,
    0 as threshold,
    format('{} entries of {} that must be zero are not, first after step {}', arg_min(value, step)::bigint, name[13:], min(step)) as message
from metrics
where name like 'exact\_zeros/%' escape '\' and value > 0
group by name
order by step, subject
