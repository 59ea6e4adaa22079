/*
title: Layers that the gradient reaches no more
cause: disconnected_parameter
strength: direct
severity: warning
explains: [unknown, frozen_parameter, parameter_not_optimized, learning_rate_too_low, model_too_small, stopped_too_early]
reads:
  parameters: [numel]
  gradients: [rms]
  events: [kind]
params:
  share: {default: 0.2, unit: share of the weights, source: "missing_gradient: a branch that is switched off is smaller"}
  lasting: {default: 0.2, unit: share of the recorded steps, source: "networks that train in turn wait for less"}
  patience: {default: 5, unit: recorded steps, source: "before the end and after it: a pause of a few steps is no end"}
finds: Trainable parameters in the optimizer, at least `share` of the weights, that had a gradient at each of the first `patience` recorded steps and more, and from some step on have none to the end, for `lasting` of the recorded steps and `patience` of them at least, while others have one throughout and nobody switched requires_grad off.
matters: From that step on these layers stand still, though the optimizer still holds them.
do: Look for what changes at this step - features that are computed once and kept, no_grad() or detach() around a part of the model, a branch that is left.
ignore: A second phase that is meant to train the rest alone; switch requires_grad off, or take the parameters out of the optimizer.
*/
with live as (
    -- One of zero does not count as none: dead or saturated units behind a layer make it so.
    select name, recorded, step
    from gradients
    where split = 'train'
),

steps as (
    select recorded, min(step) as step, row_number() over (order by recorded) as place
    from live
    group by recorded
),

lives as (
    select name, count(*) as steps, max(place) as last_place
    from live
    join steps using (recorded)
    group by name
),

ended as (
    select parameters.name, numel, parameters.depth, last_step, last_place, ends.total
    from parameters
    join lives using (name)
    cross join (select max(place) as total from steps) as ends
    where
        trainable
        and optimized
        and not sparse
        and lives.steps = last_place
        and last_place >= $patience
        and ends.total - last_place >= greatest($patience, $lasting * ends.total)
        and name not in (select details ->> 'tensor' from events where kind = 'trainable' and details ->> 'tensor' is not null)
),

throughout as (
    select count(*) as parameters
    from lives
    where steps = (select max(place) from steps)
)

select
    ended.name as subject,
    steps.step,
    ended.last_step,
    ended.total - last_place as value,
    greatest($patience, $lasting * ended.total) as threshold,
    format('{} has no gradient from step {} on, though it had one at all {} recorded steps before and others still have', ended.name, steps.step, last_place) as message
from ended
join steps on steps.place = ended.last_place + 1
cross join throughout
where
    throughout.parameters > 0
    and (select sum(numel) from ended) >= $share * (select sum(numel) from parameters where trainable and optimized)
order by numel desc, ended.depth, subject
limit 50
