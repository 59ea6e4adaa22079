/*
title: Labels that are random from some pass on
cause: labels_random
strength: strong
severity: error
explains: [unknown, label_errors, model_too_small, class_imbalance, overfitting, stopped_too_early, learning_rate_too_high]
reads:
  first_sights: [p_max]
  inputs: [hash]
  evaluations: [accuracy]
params:
  good: {default: 0.5, unit: share of the way from the most frequent class to all right, source: "a model that knows most answers is not at a loss before samples of the same kind"}
  early: {default: 64, unit: samples, source: "the first batches of the pass, before the model has changed much"}
  samples: {default: 100, unit: samples, source: "half of them leave a standard error below a tenth"}
  errors: {default: 3, unit: standard errors above the agreement of chance, source: "one of a thousand by chance, and samples that are only harder agree far more"}
  sure: {default: 0.7, unit: share of the usual confidence, source: "samples from elsewhere, or chosen because the model is not sure of them, get other outputs"}
  loss: {default: 0.1, unit: share of the samples, source: "AUTOTRAINER: a gap of 0.1; what the model loses by learning these labels"}
finds: A later pass over the training data that brings `samples` pairs of input and label that were not there before, of classes that the evaluation just before predicted right in most cases, and at first sight the model agrees with their labels no more than chance gives, as surely as ever - among the first `early`, and still in the second half of the pass; and the evaluation at the end is worse by `loss`.
matters: From there on inputs and labels do not belong together, and the model unlearns what it knew.
do: Look at ten of the new samples with their labels; compare the order of what was cached, stored or joined between the passes with the order in which it is read.
ignore: A second task whose classes have the same numbers.
*/
with before as (
    select passes.pass, passes.step as first_step, evaluations.split, evaluations.step, evaluations.accuracy
    from (select pass, min(step) as step, count(*) as n from first_sights where new_pair group by pass) as passes
    join evaluations on evaluations.step < passes.step and evaluations.step >= 0
    join class_levels using (split)
    where passes.n >= $samples and passes.pass > 0
    qualify row_number() over (partition by passes.pass order by evaluations.step desc, evaluations.split) = 1
        and evaluations.accuracy >= majority + $good * (1 - majority)
),

known as (
    select before.pass, samples.target, avg(p_max) as p_max
    from before
    join samples on samples.split = before.split and samples.step = before.step
    where samples.target is not null
    group by before.pass, samples.target
    having avg(correct::int) > 0.5
),

ordered as (
    select
        first_sights.*,
        known.p_max as usual,
        row_number() over (partition by pass order by step, batch, position) as place,
        count(*) over (partition by pass) as n
    from first_sights
    join known using (pass, target)
    where new_pair
),

parts as (
    select pass, 'early' as part, * exclude (pass) from ordered where place <= $early
    union all by name
    select pass, 'late' as part, * exclude (pass) from ordered where 2 * place > n
),

by_chance as (
    select pass, part, sum(targets.n * predictions.n) / any_value(parts.n * parts.n) as chance
    from (select pass, part, count(*) as n from parts group by pass, part) as parts
    join (select pass, part, target as class, count(*) as n from parts group by pass, part, target) as targets using (pass, part)
    join (select pass, part, prediction as class, count(*) as n from parts group by pass, part, prediction) as predictions using (pass, part, class)
    group by pass, part
),

judged as (
    select
        pass,
        count(*) filter (part = 'early') as n,
        any_value(parts.n) as new_samples,
        avg(correct::int) filter (part = 'early') as agreement,
        any_value(chance) filter (part = 'early') as chance,
        avg(parts.p_max) filter (part = 'early') / avg(usual) filter (part = 'early') as sureness,
        avg(correct::int) filter (part = 'late') as late_agreement,
        any_value(chance) filter (part = 'late') as late_chance,
        count(*) filter (part = 'late') as late_n
    from parts
    join by_chance using (pass, part)
    group by pass
),

ending as (
    select split, arg_max(accuracy, step) as accuracy, max(step) as step
    from evaluations
    where accuracy is not null
    group by split
)

select
    'train' as subject,
    first_step as step,
    ending.step as last_step,
    agreement as value,
    chance as threshold,
    format('the model is right for {:.0f} % of {}, but agrees with {:.0f} % of the labels that are new in step {}, where chance gives {:.0f} %; in the end it is right for {:.0f} % of {}',
        100 * before.accuracy, before.split, 100 * agreement, first_step, 100 * chance, 100 * ending.accuracy, before.split) as message
from judged
join before using (pass)
join ending using (split)
where
    new_samples >= $samples
    and agreement < chance + $errors * sqrt(chance * (1 - chance) / n)
    and late_agreement < late_chance + $errors * sqrt(late_chance * (1 - late_chance) / late_n)
    and sureness >= $sure
    and ending.accuracy < before.accuracy - $loss
    and ending.step > first_step
qualify row_number() over (order by pass) = 1
order by step
