-- One row per run through a split of a language model: how often its predictions equal a target at or near their own position.
-- Record: rec.samples(ids, loss=losses, prediction=logits, target=tokens, inputs=tokens)
-- Materialize
-- Column step: last training step of the pass; -1 before the first (steps)
-- Column tokens: tokens that count (tokens)
-- Column own: share of the predictions that equal their own target
-- Column before_2: share that equal the target two positions earlier
-- Column before_1: share that equal the target one position earlier
-- Column after_1: share that equal the target one position later
-- Column after_2: share that equal the target two positions later
select
    split,
    pass,
    max(coalesce(step, -1)) as step,
    sum(elements) as tokens,
    sum(tokens_correct) / sum(elements) as own,
    sum(correct_at_lag[1]) / sum(elements) as before_2,
    sum(correct_at_lag[2]) / sum(elements) as before_1,
    sum(correct_at_lag[3]) / sum(elements) as after_1,
    sum(correct_at_lag[4]) / sum(elements) as after_2
from samples
where tokens_correct is not null and correct_at_lag is not null and split is not null
group by split, pass
having sum(elements) > 0
