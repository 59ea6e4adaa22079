/*
title: A language model that sees the token it is to tell
cause: targets_leak
strength: strong
severity: error
explains: [unknown, stopped_too_early, overfitting]
reads:
  token_inputs: [after_1]
  samples: [worst]
params:
  targets: {default: 0.95, unit: share of the tokens, source: "targets are the input one position later; a token equals a given neighbour in less than a fifth of the cases in text"}
  last: {default: 0.9, unit: share of the sequences, source: "no position is the worst in all sequences of a model that sees only what came before; the last one has the most to go by"}
  rest: {default: 0.1, unit: share of the loss at the last position, source: "what comes before it is next to certain, although nothing in a sequence tells its own beginning"}
  tokens: {default: 6, unit: tokens, source: "shorter sequences may have the same shape all"}
  samples: {default: 30, unit: sequences, source: "fewer may end alike by chance"}
finds: A language model that tells the next token of its input nearly without loss, except at the last position, whose next token is not in the input and which is the worst of the sequence in at least `last` of the sequences of the last evaluation.
matters: The model reads the answer where it should tell it. It can tell nothing when it has to write.
do: Look at the causal mask of the attention, at its shape and its sign; at convolutions and recurrences that run both ways; at a normalization over positions.
ignore: Sequences of one fixed form of which only the last token is open.
*/
with last_passes as (
    select split, max(pass) as pass
    from samples
    where split <> 'train' and worst is not null
    group by split
),

sequences as (
    select
        split,
        coalesce(step, -1) as step,
        worst[1].position = elements_total - 1 as last_is_worst,
        worst[1].loss::double as at_the_last,
        (loss_sum::double - worst[1].loss) / (elements - 1) as elsewhere
    from samples
    join last_passes using (split, pass)
    where elements = elements_total and elements >= $tokens and len(worst) > 0
)

select
    split as subject,
    0 as step,
    max(sequences.step) as last_step,
    avg(elsewhere) as value,
    $rest * avg(at_the_last) as threshold,
    format('{} has a loss of {:.3g} a token before the last position and of {:.3g} there, where the next token is not in the input; it is the worst in {:.0f} % of {} sequences',
        split, avg(elsewhere), avg(at_the_last), 100 * avg(last_is_worst::int), count(*)) as message
from sequences
join token_inputs using (split)
where after_1 >= $targets
group by split
having count(*) >= $samples and avg(last_is_worst::int) >= $last and avg(elsewhere) < $rest * avg(at_the_last)
order by subject
