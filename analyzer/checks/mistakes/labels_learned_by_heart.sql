/*
title: Labels that can only be learned by heart
cause: labels_random
strength: strong
severity: error
explains: [unknown, overfitting, label_errors, model_too_small, stopped_too_early, leak_train_valid]
reads:
  class_levels: [guess_loss]
  evaluations: [accuracy]
  passes: [accuracy]
params:
  learned: {default: 0.3, unit: share of the way from guessing to all right, source: "training learned something, so that the model and the optimizer work"}
  errors: {default: 3, unit: standard errors above the most frequent class, source: "one of a thousand evaluations by chance"}
  certainty: {default: 4, unit: standard errors of a mean loss, source: "one of thirty thousand by chance: what training gained was learned"}
  passes: {default: 3, unit: evaluations, source: "an evaluation or two may come too early"}
  samples: {default: 50, unit: samples, source: "fewer cannot be told from chance"}
finds: A training set that is learned - well beyond guessing and better than the evaluated one, or so that its loss is certainly below that of knowing the class frequencies and still fell while the evaluated one rose - while no evaluation was ever better than naming the most frequent class, and its loss never below that of knowing the class frequencies.
matters: The labels have nothing to do with the inputs, so that only memory helps. No setting of the model can mend that.
do: Look at ten samples with their labels just before the model; check that inputs and labels are shuffled, sorted and filtered together.
ignore: A task in which inputs say nothing of the target, or which is only understood long after it was learned by heart.
*/
with last_passes as (
    select *, row_number() over (order by pass desc) as place
    from passes
    where split = 'train' and epoch is not null and complete
),

training as (
    select
        max(accuracy) as best_accuracy,
        avg(accuracy) filter (place <= $passes) as last_accuracy,
        arg_min(loss, place) as last_loss,
        arg_min(loss_scatter / sqrt(rows), place) as standard_error,
        any_value(class_levels.majority) as majority,
        any_value(class_levels.guess_loss) as guess_loss
    from last_passes
    join class_levels on class_levels.split = 'train'
),

ranked as (
    select *, row_number() over (partition by split order by step desc) as place
    from evaluations
    where step >= 0 and isfinite(accuracy) and isfinite(loss)
),

evaluated as (
    select
        ranked.split,
        count(*) as evaluations,
        max(ranked.accuracy) as best_accuracy,
        avg(ranked.accuracy) filter (place <= $passes) as last_accuracy,
        min(ranked.loss) as best_loss,
        avg(ranked.loss) filter (place <= $passes) as last_loss,
        arg_min(train_loss, ranked.loss) as train_loss_then,
        arg_max(train_loss, ranked.step) as last_train_loss,
        max(ranked.step) as last_step,
        max(ranked.samples) as samples,
        any_value(class_levels.majority) as majority,
        any_value(class_levels.guess_loss) as guess_loss,
        $errors * sqrt(any_value(class_levels.majority) * (1 - any_value(class_levels.majority)) / max(ranked.samples)) as chance
    from ranked
    join class_levels using (split)
    group by ranked.split
)

select
    split as subject,
    0 as step,
    last_step,
    evaluated.best_accuracy as value,
    evaluated.majority as threshold,
    format('training reaches {:.0f} % and a loss of {:.4g}, but {} never more than {:.0f} % and never less than {:.4g}; knowing how often each class occurs gives {:.0f} % and {:.4g}',
        100 * training.best_accuracy, training.last_loss, split, 100 * evaluated.best_accuracy, evaluated.best_loss, 100 * evaluated.majority, evaluated.guess_loss) as message
from evaluated, training
where
    evaluations >= $passes
    and samples >= $samples
    and evaluated.best_accuracy <= evaluated.majority + chance
    and (
        (
            training.best_accuracy > training.majority + $learned * (1 - training.majority)
            and training.last_accuracy > evaluated.last_accuracy + chance
            and evaluated.best_loss >= 0.99 * evaluated.guess_loss
        )
        or (
            training.last_loss < training.guess_loss - $certainty * training.standard_error
            and last_train_loss < train_loss_then - $certainty * training.standard_error
            and evaluated.last_loss > evaluated.best_loss
            and evaluated.best_loss >= evaluated.guess_loss
        )
    )
    -- Training samples at first sight are new as well: where these are predicted, the labels are learnable and the split is what differs.
    and not exists (
        from first_visits
        where half = 1 and accuracy > training.majority + 2 * $errors * sqrt(training.majority * (1 - training.majority) / first_visits.samples)
    )
order by subject
