-- One row per run: whether its training loss fell.
-- Record: rec.log(loss=loss) at every training step
-- Materialize
-- Column losses: number of training losses, finite or not
-- Column first_loss: median of the first fiftieth
-- Column best_loss: lowest median of a fiftieth
-- Column best_step: last step of that fiftieth (steps)
-- Column last_loss: median of the last fiftieth that has a finite loss
-- Column scatter: typical standard deviation of the loss within a fiftieth
-- Column noise: what of a fiftieth's level is chance: scatter over the root of its number of losses
-- Column nonfinite_at_end: the last training loss is NaN or infinite
-- Column learned: it fell by more than a tenth and more than four times the noise; null for fewer than 20 losses or where losses are negative by nature
with ends as (
    select
        sum(losses + nonfinite)::bigint as losses,
        arg_min(median, position) filter (losses > 0) as first_loss,
        min(median) as best_loss,
        arg_min(last_step, median) as best_step,
        arg_max(median, position) filter (losses > 0) as last_loss,
        median(scatter) as scatter,
        median(scatter / sqrt(greatest(losses, 1))) as noise,
        min(lowest) as lowest
    from loss_windows
),

final as (
    select not isfinite(arg_max(loss, step)) as nonfinite_at_end
    from training_losses
)

select
    ends.* exclude (lowest),
    nonfinite_at_end,
    case
        when nonfinite_at_end then false
        when losses < 20 or lowest < 0 then null
        else first_loss - last_loss > greatest(0.1 * first_loss, 4 * noise)
    end as learned
from ends, final
where losses > 0
