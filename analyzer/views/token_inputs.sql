-- One row per split of a language model: how often its targets equal the input at or near their own position.
-- Record: rec.samples(ids, loss=losses, prediction=logits, target=tokens, inputs=tokens)
-- Materialize
-- Column step: last training step recorded; -1 before the first (steps)
-- Column tokens: tokens that count (tokens)
-- Column before_2: share of the targets that equal the input two positions earlier
-- Column before_1: share that equal the input one position earlier
-- Column same: share that equal the input at their own position
-- Column after_1: share that equal the next input, as in a model that predicts the next token
-- Column after_2: share that equal the input two positions later
-- Column loss: mean loss in the last pass (nats)
with summed as (
    select
        split,
        pass,
        max(coalesce(step, -1)) as step,
        max(outputs) as outputs,
        sum(elements) as tokens,
        -- A lag of l positions can be compared in all but l tokens of a sequence.
        sum(input_at_lag[1]) / sum(greatest(elements - 2, 0)) as before_2,
        sum(input_at_lag[2]) / sum(greatest(elements - 1, 0)) as before_1,
        sum(input_at_lag[3]) / sum(elements) as same,
        sum(input_at_lag[4]) / sum(greatest(elements - 1, 0)) as after_1,
        sum(input_at_lag[5]) / sum(greatest(elements - 2, 0)) as after_2,
        sum(loss_sum::double) / sum(elements) as loss
    from samples
    where input_at_lag is not null and split is not null and elements > 2
    group by split, pass
)

select
    split,
    max(step) as step,
    any_value(outputs) as outputs,
    sum(tokens) as tokens,
    least(1, avg(before_2)) as before_2,
    least(1, avg(before_1)) as before_1,
    avg(same) as same,
    least(1, avg(after_1)) as after_1,
    least(1, avg(after_2)) as after_2,
    arg_max(loss, pass) as loss
from summed
group by split
