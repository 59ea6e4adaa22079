-- One row per sample worth a look and reason: those of $named, in each split the $worst with the largest median loss over all visits, and $typical that were
-- kept without regard to their loss. The median over the visits stays telling where a run breaks down at its end.
with visits as (
    select
        split,
        sample_id,
        max(pass) as pass,
        arg_max(loss_sum::double / nullif(elements, 0), pass) as loss,
        median(loss_sum::double / nullif(elements, 0)) as median_loss,
        count(*) as visits,
        count(*) filter (not correct) as wrong,
        count(correct) as judged
    from samples
    where sample_id is not null and split is not null and loss_sum is not null
    group by split, sample_id
),

kept as (
    select distinct split, sample_id from previews
),

ranked as (
    select
        *,
        row_number() over (partition by split order by median_loss desc nulls last, sample_id) as place,
        dense_rank() over (order by split = 'train', split) as split_place
    from visits
),

named as (
    select * from ranked
    where list_contains($named, sample_id)
    order by list_position($named, sample_id), split
    limit $named_most
),

worst as (
    select * from ranked
    where place <= $worst and split_place <= $splits
),

typical as (
    select ranked.*
    from ranked
    semi join kept using (split, sample_id)
    anti join worst using (split, sample_id)
    where split_place = 1
    order by hash(sample_id), sample_id
    limit $typical
)

select 'named' as shelf, * from named
union all
select 'worst' as shelf, * from worst
union all
select 'typical' as shelf, * from typical
order by shelf, case when shelf = 'named' then list_position($named, sample_id) end, split_place, place, sample_id
