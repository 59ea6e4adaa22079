/*
title: Layers behind a norm that see other values in evaluation than in training
cause: normalization_statistics
strength: strong
expected: true
severity: error
explains: [unknown, split_mismatch, overfitting]
reads:
  buffers: [mean, rms]
  evaluations: [split]
params:
  factor: {default: 3, unit: times, source: "a norm gives rms near its weight in both modes; data of the same kind differ by a few percent"}
  patience: {default: 2, unit: evaluations, source: "running statistics lag in the first epoch"}
finds: Batch-norm outputs, or pre-activations of what follows them, whose rms in an evaluation is more than `factor` times that of training at about the same step or less than the reciprocal, in most evaluations and in the last.
matters: The running mean and variance are not those of the data; evaluation is worse than the model is.
do: Look at momentum, at batches of one, at statistics shared between splits or domains, at a reset; recompute them with a few passes in training mode.
ignore: Evaluation data that are meant to be different.
*/
with norms as (
    select module, min(depth) as depth
    from tensors
    where kind = 'buffer' and name like '%running_var'
    group by module
),

placed as (
    select tensors.name, tensors.kind, norms.module as norm_module
    from tensors
    asof left join norms on norms.depth <= tensors.depth
    where tensors.kind in ('activation', 'preactivation') and coalesce(tensors.activation, '') <> 'softmax'
),

outputs as (
    select watched_tensors.split, watched_tensors.step, watched_tensors.name, watched_tensors.kind, watched_tensors.rms, placed.norm_module
    from watched_tensors
    join placed using (name, kind)
    where norm_module is not null and rms > 0
),

in_evaluation as (
    select *
    from outputs
    where split <> 'train'
),

in_training as (
    select *
    from outputs
    where split = 'train'
),

compared as (
    select
        in_evaluation.split,
        in_evaluation.step,
        in_evaluation.name,
        in_evaluation.kind,
        in_evaluation.norm_module,
        in_evaluation.rms / in_training.rms as ratio,
        row_number() over (partition by in_evaluation.split, in_evaluation.name, in_evaluation.kind order by in_evaluation.step desc) as from_last
    from in_evaluation
    asof join in_training
        on in_training.name = in_evaluation.name and in_training.kind = in_evaluation.kind and in_training.step <= in_evaluation.step
),

judged as (
    select
        any_value(norm_module) as norm_module,
        split,
        min(step) filter (ratio > $factor or ratio < 1 / $factor) as step,
        max(step) as last_step,
        count(*) as times,
        count(*) filter (ratio > $factor or ratio < 1 / $factor) as off,
        bool_or((ratio > $factor or ratio < 1 / $factor) and from_last = 1) as off_at_end,
        max(ratio) filter (from_last = 1) as ratio
    from compared
    group by name, kind, split
)

select
    norm_module as subject,
    min(step) as step,
    max(last_step) as last_step,
    arg_max(ratio, abs(ln(ratio))) as value,
    $factor as threshold,
    format(
        'in split {} the rms behind {} is {:.3g} times that of training ({} of {} evaluations differ)',
        arg_max(split, abs(ln(ratio))),
        norm_module,
        arg_max(ratio, abs(ln(ratio))),
        max(off),
        max(times)
    ) as message
from judged
where off >= $patience and off >= 0.5 * times and off_at_end
group by norm_module
order by step, abs(ln(value)) desc, subject
limit 50
