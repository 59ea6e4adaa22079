-- One row per logged classification metric of an evaluation: precision, recall and F1 of its samples, averaged in the usual ways.
-- Record: inside `with rec.split("valid")`, call rec.log(f1=f1) and rec.samples(ids, prediction=outputs, target=targets)
-- Materialize
-- Column unit: row of logged_units
-- Column macro: precision, recall and F1 averaged over the classes that are target or prediction
-- Column macro_targets: averaged over the classes that are a target
-- Column macro_outputs: averaged over all outputs
-- Column weighted: averaged over the classes, weighted by their number of targets
-- Column positive: with class 1 as the positive class, where there are two
-- Column negative: with class 0 as the positive class, where there are two
-- Column batch_macro: mean over the forward passes of the macro averages
-- Column batch_positive: mean over the forward passes of those of class 1, where there are two
-- Column pairwise: share of all pairs of a prediction and a target that are equal, averaged over the forward passes
with units as (
    select unit, rank, split, step, outputs
    from logged_units
    where places = 1 and split <> 'train' and family in ('accuracy', 'error_rate', 'f1', 'precision', 'recall', 'balanced_accuracy')
),

pairs as (
    select unit, samples.pass, samples.batch, any_value(units.outputs) as outputs, target, prediction, count(*) as n
    from units
    join samples on samples.rank = units.rank and samples.split = units.split and coalesce(samples.step, -1) = units.step
    where target is not null and prediction is not null
    group by unit, samples.pass, samples.batch, target, prediction
),

batch_counts as (
    select unit, pass, batch, class, max(outputs) as outputs, sum(hits) as hits, sum(targets) as targets, sum(predictions) as predictions
    from (
        select unit, pass, batch, outputs, target as class, if(target = prediction, n, 0) as hits, n as targets, 0 as predictions from pairs
        union all
        select unit, pass, batch, outputs, prediction, 0, 0, n from pairs
    )
    group by unit, pass, batch, class
),

grouped as (
    select unit, pass, batch, class, any_value(outputs) as outputs, sum(hits) as hits, sum(targets) as targets, sum(predictions) as predictions
    from batch_counts
    group by grouping sets ((unit, class), (unit, pass, batch, class))
),

scored as (
    select
        *,
        coalesce(hits / nullif(predictions, 0), 0) as precision,
        coalesce(hits / nullif(targets, 0), 0) as recall,
        2 * hits / (targets + predictions) as f1
    from grouped
),

averaged as (
    select
        unit,
        batch is null as whole,
        any_value(outputs) as outputs,
        {'precision': avg(precision), 'recall': avg(recall), 'f1': avg(f1)} as macro,
        {
            'precision': avg(precision) filter (targets > 0), 'recall': avg(recall) filter (targets > 0), 'f1': avg(f1) filter (targets > 0)
        } as macro_targets,
        {
            'precision': sum(precision) / any_value(outputs), 'recall': sum(recall) / any_value(outputs), 'f1': sum(f1) / any_value(outputs)
        } as macro_outputs,
        {
            'precision': sum(precision * targets) / sum(targets), 'recall': sum(recall * targets) / sum(targets), 'f1': sum(f1 * targets) / sum(targets)
        } as weighted,
        {
            'precision': coalesce(max(precision) filter (class = 1), 0), 'recall': coalesce(max(recall) filter (class = 1), 0),
            'f1': coalesce(max(f1) filter (class = 1), 0)
        } as positive,
        {
            'precision': coalesce(max(precision) filter (class = 0), 0), 'recall': coalesce(max(recall) filter (class = 0), 0),
            'f1': coalesce(max(f1) filter (class = 0), 0)
        } as negative,
        sum(targets * predictions) / (sum(targets) * sum(predictions)) as pairwise
    from scored
    group by unit, pass, batch
)

select
    unit,
    any_value(macro) filter (whole) as macro,
    any_value(macro_targets) filter (whole) as macro_targets,
    any_value(macro_outputs) filter (whole) as macro_outputs,
    any_value(weighted) filter (whole) as weighted,
    any_value(positive) filter (whole and outputs <= 2) as positive,
    any_value(negative) filter (whole and outputs <= 2) as negative,
    {
        'precision': avg(macro.precision) filter (not whole), 'recall': avg(macro.recall) filter (not whole), 'f1': avg(macro.f1) filter (not whole)
    } as batch_macro,
    {
        'precision': avg(positive.precision) filter (not whole and outputs <= 2), 'recall': avg(positive.recall) filter (not whole and outputs <= 2),
        'f1': avg(positive.f1) filter (not whole and outputs <= 2)
    } as batch_positive,
    avg(pairwise) filter (not whole) as pairwise
from averaged
group by unit
