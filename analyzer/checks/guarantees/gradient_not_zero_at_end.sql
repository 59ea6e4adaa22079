/*
title: A gradient that does not vanish although convergence was declared
cause: guarantee_broken
strength: direct
severity: error
explains: []
reads:
  metrics: [step, name, value]
params:
  share: {default: 0.01, unit: share of the first gradient norm, source: "a hundredth of where it began: at an optimum only rounding error is left"}
finds: A gradient norm that at the end of the run is still above `share` of what it was at the start, although guarantees=("gradient_zero_at_end",) was declared.
matters: At a minimum the gradient is zero. What stopped here is not a minimum but a learning rate that ran out, a clipped or noisy gradient, or a loss without one.
do: Train on with the same data and a smaller step; compare with a numerical gradient (recorder.probes.gradient_check).
ignore: Nothing; do not declare the guarantee for training on changing batches.
*/
with norms as (
    select
        step,
        value,
        row_number() over (order by step) as place,
        count(*) over () as total
    from metrics
    where name = 'gradient_norm' and exists (from run_facts where list_contains(guarantees, 'gradient_zero_at_end'))
),

ends as (
    select
        max(step) as step,
        median(value) filter (place <= greatest(1, total // 20)) as first_norm,
        median(value) filter (place > total - greatest(1, total // 20)) as last_norm
    from norms
)

select
    'gradient_norm' as subject,
    step,
    step as last_step,
    last_norm as value,
    $share * first_norm as threshold,
    format('the gradient norm is {:.3g} at the end, {:.1f} % of the {:.3g} at the start', last_norm, 100 * last_norm / first_norm, first_norm) as message
from ends
where not (last_norm <= $share * first_norm)
order by step
