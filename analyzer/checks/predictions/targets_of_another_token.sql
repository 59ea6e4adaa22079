/*
title: Predictions that fit the token beside their target
cause: targets_misaligned
strength: strong
severity: error
explains: [unknown, model_too_small]
reads:
  token_agreement: [own]
params:
  factor: {default: 1.5, unit: times the agreement with the own target, source: "in text one token is as likely to agree with a neighbour as chance gives, which is far less than its own"}
  margin: {default: 0.1, unit: share of the tokens, source: "well above what frequent tokens give by chance, and a model that has learned little repeats the token it is given"}
  ahead: {default: 0.02, unit: share of the tokens, source: "a later target is in no input, and a guess agrees with it no more often than with its own: there is nothing but a shift that gives more"}
  errors: {default: 5, unit: standard errors, source: "one in a million by chance"}
  patience: {default: 3, unit: passes up to the end, source: "an untrained model agrees with nothing"}
finds: A language model whose predictions agree with the target one or two positions away more often than with their own, by `factor` and `margin` (for a later target `ahead` and `errors`), in the last `patience` passes of a split.
matters: Targets and predictions are shifted against each other, so that the model is asked for another token than the one it learns, or is scored on another than it is asked for.
do: Shift once. Many models shift the labels themselves; pass labels equal to the inputs to these, and shifted ones to those that do not.
ignore: A model that is meant to predict more than one token ahead.
*/
with ranked as (
    select *, row_number() over (partition by split order by step desc) as place
    from token_agreement
),

verdicts as (
    select
        split,
        lag,
        count(*) as passes,
        min(agreement - own - if(lag > 0, greatest($ahead, $errors * sqrt((agreement + own) / tokens)), $margin)) as least_margin,
        min(agreement / nullif(own, 0)) as least_factor,
        min(step) as step,
        max(step) as last_step,
        arg_max(agreement, step) as agreement,
        arg_max(own, step) as own
    from ranked, unnest([{'lag': -2, 'agreement': before_2}, {'lag': -1, 'agreement': before_1}, {'lag': 1, 'agreement': after_1}, {'lag': 2, 'agreement': after_2}]) as lags (l), lateral (select l.lag, l.agreement)
    where place <= $patience
    group by split, lag
)

select
    split as subject,
    0 as step,
    last_step,
    agreement as value,
    own as threshold,
    format('in {} {:.0f} % of the predictions equal the target {} position{} {}, and {:.0f} % their own', split, 100 * agreement, abs(lag), if(abs(lag) > 1, 's', ''),
        if(lag > 0, 'later', 'earlier'), 100 * own) as message
from verdicts
where passes = $patience and least_margin > 0 and coalesce(least_factor, $factor) >= $factor
qualify row_number() over (partition by split order by agreement desc) = 1
order by split <> 'train', step, subject
