-- One row per classifier trained with a cross-entropy: its training loss at step 0, beside that of a guess.
-- Record: rec.log(loss=loss) at every training step, and rec.samples(ids, prediction=outputs, target=targets)
-- Column loss: training loss at step 0, finite
-- Column guess: ln C, what a guess among the C outputs has
select training_losses.loss, ln(greatest(outputs, 2)) as guess
from training_losses, output_ranges, run_facts
where
    training_losses.step = 0
    and isfinite(training_losses.loss)
    and outputs is not null
    and coalesce(run_facts.loss, 'cross_entropy') in ('cross_entropy', 'nll_loss', 'binary_cross_entropy_with_logits', 'binary_cross_entropy')
