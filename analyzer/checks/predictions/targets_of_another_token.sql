/*
title: Predictions that fit the token beside their target
cause: targets_misaligned
strength: strong
severity: error
explains: [unknown, model_too_small, overfitting]
reads:
  token_agreement: [own]
params:
  factor: {default: 1.5, unit: times the agreement with the own target, source: "in text one token is as likely to agree with a neighbour as chance gives, which is far less than its own"}
  margin: {default: 0.1, unit: share of the tokens, source: "well above what frequent tokens give by chance, and a model that has learned little repeats the token it is given"}
  ahead: {default: 0.02, unit: share of the tokens, source: "a later target is in no input, and a guess agrees with it no more often than with its own: there is nothing but a shift that gives more"}
  errors: {default: 5, unit: standard errors, source: "one in a million by chance"}
  mistakes: {default: 0.333, unit: share of the mistakes against the own target, source: "where a few tags make up most of the targets, agreements are high all, and mistakes tell more"}
  given: {default: 0.95, unit: share of the tokens, source: "what is meant by targets that are the next input; a token equals a given neighbour in less than a fifth of the cases in text"}
  patience: {default: 3, unit: passes up to the end, source: "an untrained model agrees with nothing"}
finds: A sequence model whose predictions agree with the target one or two positions away more often than with their own, by `margin` (for a later target `ahead` and `errors`), in the last `patience` passes of a split; and by `factor`, or with a later target ever more and with their own ever less as training goes on, or with `mistakes` of the mistakes, while the own target fits better by `margin` in training or did so in the same split before.
matters: Targets and predictions are shifted against each other, so that the model is asked for another token than the one it learns, or is scored on another than it is asked for.
do: Shift once, and in all splits alike. Many models shift the labels themselves; pass labels equal to the inputs to these, and shifted ones to those that do not.
ignore: A model that is meant to predict more than one token ahead.
*/
with at_lags as (
    select
        split,
        l.lag,
        step,
        l.agreement,
        own,
        greatest($ahead, $errors * sqrt((l.agreement + own) / tokens)) as chance,
        row_number() over (partition by split, l.lag order by step) as number,
        row_number() over (partition by split, l.lag order by step desc) as place
    from token_agreement, unnest([{'lag': -2, 'agreement': before_2}, {'lag': -1, 'agreement': before_1}, {'lag': 1, 'agreement': after_1}, {'lag': 2, 'agreement': after_2}]) as lags (l)
),

verdicts as (
    select
        split,
        lag,
        count(*) filter (place <= $patience) as passes,
        min(agreement - own - if(lag > 0, chance, $margin)) filter (place <= $patience) as least_margin,
        min(agreement / nullif(own, 0)) filter (place <= $patience) as least_factor,
        max((1 - agreement) / nullif(1 - own, 0)) filter (place <= $patience) as most_mistakes,
        -- Passes end with their last step: after this one the order is another.
        max(step) filter (own - agreement >= $margin) as last_in_order,
        max(own) filter (own - agreement >= $margin) as best_in_order,
        min(agreement - own) filter (place <= $patience) as least_lead,
        max(agreement - own) filter (place <= $patience) as most_lead,
        arg_min(agreement, number) + max(chance) < arg_max(agreement, number) and max(own) > arg_max(own, number) + max(chance) as drawn_away,
        max(step) as last_step,
        arg_max(agreement, step) as agreement,
        arg_max(own, step) as own
    from at_lags
    group by split, lag
)

select
    verdicts.split as subject,
    if(verdicts.most_mistakes <= $mistakes and verdicts.best_in_order >= verdicts.own + $margin, verdicts.last_in_order + 1, 0) as step,
    verdicts.last_step,
    verdicts.agreement as value,
    verdicts.own as threshold,
    format('in {} {:.0f} % of the predictions equal the target {} position{} {}, and {:.0f} % their own', verdicts.split, 100 * verdicts.agreement, abs(verdicts.lag),
        if(abs(verdicts.lag) > 1, 's', ''), if(verdicts.lag > 0, 'later', 'earlier'), 100 * verdicts.own) as message
from verdicts
left join verdicts as training on training.split = 'train' and training.lag = verdicts.lag
left join token_inputs on token_inputs.split = verdicts.split
where verdicts.passes = $patience and verdicts.least_margin > 0 and (
    coalesce(verdicts.least_factor, $factor) >= $factor
    or (verdicts.lag > 0 and verdicts.drawn_away)
    -- What comes before may be in the input, where repeating it is no mistake.
    or (
        verdicts.most_mistakes <= $mistakes and verdicts.least_lead >= $margin
        and (
            ((verdicts.lag > 0 or token_inputs.after_1 < $given) and training.most_lead <= -$margin)
            or verdicts.best_in_order >= verdicts.own + $margin
        )
    )
)
qualify row_number() over (partition by verdicts.split order by verdicts.agreement desc) = 1
order by verdicts.split <> 'train', verdicts.split
