/*
title: A trainable module that is never called
cause: disconnected_parameter
strength: strong
severity: warning
explains: [frozen_parameter, parameter_not_optimized]
reads:
  parameters: [recorded_steps, module_type, shape]
params:
  patience: {default: 10, unit: recorded steps, source: "a branch in turn with others is called at one of so many; what moved between two recorded steps was called there"}
finds: Modules whose parameters are trained by the optimizer and which no recorded forward pass called, though a layer that is used could take what they give, and no other member of the same list is used in their place.
matters: The model runs without a part that was written into it; DistributedDataParallel refuses such a model.
do: Look into forward for what stands in the place of this module, a fresh tensor, a constant, another module called twice; call it, or take it out of the model.
ignore: A head for another task is not reported; any other part that this run does not need on purpose is better left out of the optimizer.
*/
with sized as (
    select
        *,
        string_split(name, '.') as path,
        gradient_steps = 0 and depth is null and first_rms = last_rms as idle,
        case when module_type like 'Embedding%' or name like '%weight_hh%' then shape[-1] else shape[1] end as gives,
        if(dimensions >= 2 and not sparse, shape[2], null) as takes
    from parameters
    where module_type <> ''
),

used as (
    select *
    from sized
    where not idle
),

prefixes as (
    select idle, name, path, unnest(range(1, len(path))) as length
    from sized
),

used_prefixes as (
    select distinct array_to_string(path[:length], '.') as prefix
    from prefixes
    where not idle
),

parts as (
    -- The largest part of the model around each idle parameter in which nothing is used.
    select prefixes.name, array_to_string(any_value(path)[:min(length)], '.') as part
    from prefixes
    left join used_prefixes on used_prefixes.prefix = array_to_string(path[:length], '.')
    where idle and prefix is null
    group by prefixes.name
),

candidates as (
    select
        sized.*,
        coalesce(part, module) as part,
        exists (from used where used.module_type = sized.module_type and used.takes is not distinct from sized.takes
            and not used.sparse and regexp_replace(used.name, '\.[0-9]+\.', '.*.', 'g') = regexp_replace(sized.name, '\.[0-9]+\.', '.*.', 'g')) as has_twin,
        exists (from used where used.takes = sized.gives or (sized.dimensions > 2 and used.takes % sized.gives = 0))
            or exists (from sized as beside where beside.idle and beside.module <> sized.module and beside.takes = sized.gives) as is_taken
    from sized
    left join parts using (name)
    where idle and trainable and optimized and optimizer_group is not null and recorded_steps >= $patience
)

select
    name as subject,
    first_step as step,
    last_step,
    recorded_steps as value,
    $patience as threshold,
    format('{} ({}) is trained by the optimizer, but was called at none of {} recorded steps and never had a gradient', module, module_type, recorded_steps) as message
from candidates
where exists (from used where live_gradient_steps > 0)
qualify not bool_or(has_twin or (dimensions >= 2 and not is_taken)) over (partition by part)
order by numel desc, name
limit 50
