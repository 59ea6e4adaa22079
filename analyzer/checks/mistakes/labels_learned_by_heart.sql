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
  passes: {default: 3, unit: evaluations, source: "an evaluation or two may come too early"}
  samples: {default: 50, unit: samples, source: "fewer cannot be told from chance"}
finds: A training set that is learned well beyond guessing, while no evaluation was ever better than naming the most frequent class, and its loss never below that of knowing the class frequencies.
matters: The labels have nothing to do with the inputs, so that only memory helps. No setting of the model can mend that.
do: Look at ten samples with their labels just before the model; check that inputs and labels are shuffled, sorted and filtered together.
ignore: A task in which inputs say nothing of the target.
*/
with training as (
    select
        max(passes.accuracy) as best_accuracy,
        any_value(class_levels.majority) as majority
    from passes
    join class_levels on class_levels.split = passes.split
    where passes.split = 'train' and passes.epoch is not null
),

evaluated as (
    select
        evaluations.split,
        count(*) as evaluations,
        max(evaluations.accuracy) as best_accuracy,
        min(evaluations.loss) as best_loss,
        max(evaluations.step) as last_step,
        max(evaluations.samples) as samples,
        any_value(class_levels.majority) as majority,
        any_value(class_levels.guess_loss) as guess_loss
    from evaluations
    join class_levels using (split)
    where evaluations.step >= 0 and isfinite(evaluations.accuracy) and isfinite(evaluations.loss)
    group by evaluations.split
)

select
    split as subject,
    0 as step,
    last_step,
    evaluated.best_accuracy as value,
    evaluated.majority as threshold,
    format('training reaches {:.0f} %, but {} never more than {:.0f} %, and the most frequent class alone gives {:.0f} %',
        100 * training.best_accuracy, split, 100 * evaluated.best_accuracy, 100 * evaluated.majority) as message
from evaluated, training
where
    evaluations >= $passes
    and samples >= $samples
    and training.best_accuracy > training.majority + $learned * (1 - training.majority)
    and evaluated.best_accuracy <= evaluated.majority + $errors * sqrt(evaluated.majority * (1 - evaluated.majority) / samples)
    and evaluated.best_loss >= 0.99 * guess_loss
    -- Training samples at first sight are new as well: where these are predicted, the labels are learnable and the split is what differs.
    and not exists (
        from first_visits
        where half = 1 and accuracy > training.majority + 2 * $errors * sqrt(training.majority * (1 - training.majority) / first_visits.samples)
    )
order by subject
