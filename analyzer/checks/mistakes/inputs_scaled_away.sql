/*
title: Inputs scaled down to almost nothing
cause: inputs_not_normalized
strength: strong
severity: warning
explains: [unknown, learning_rate_too_low, ignores_input, vanishing_gradient, bad_initialization, model_too_small, stopped_too_early, class_imbalance]
reads:
  input_ranges: [max, mean]
params:
  size: {default: 0.02, unit: largest value of a typical sample, source: "images divided by 255 twice have 0.004; quiet audio and rows of frequencies stay above"}
finds: Training inputs of a floating type in which no value of a typical sample is farther from zero than `size` and the samples' means lie as near together, and where no normalization comes first.
matters: The first layer sees next to nothing but its bias, so that learning takes a hundred times as long or does not begin.
do: Scale once. Look for a second division by 255 or a second normalization, as by ToTensor and by hand.
ignore: Inputs that are meant to be small and whose first layer is initialised for it.
*/
with first_layer as (
    select module_type
    from tensors
    where kind in ('weight', 'preactivation', 'activation') and depth is not null
    order by depth, kind <> 'weight'
    limit 1
)

select
    'train' as subject,
    0 as step,
    null::bigint as last_step,
    greatest(abs(typical_min), abs(typical_max)) as value,
    $size as threshold,
    format('a typical training input reaches from {:.3g} to {:.3g}', typical_min, typical_max) as message
from input_ranges
where
    split = 'train' and regexp_matches(dtype, 'float')
    and greatest(abs(typical_min), abs(typical_max)) between 1e-30 and $size
    and abs(mean) + coalesce(mean_scatter, 0) <= $size
    and not exists (from first_layer where regexp_matches(module_type, 'Norm|Embedding'))
order by step
