-- One row per logged segmentation metric: overlap of predicted and true areas of its samples, averaged in the usual ways.
-- Record: inside `with rec.split("valid")`, call rec.log(iou=iou) and rec.samples(ids, prediction=outputs, target=masks)
-- Materialize
-- Column unit: row of logged_units
-- Column iou: the accepted averages of intersection over union: all classes, without class 0, pooled, of the whole split or the mean over the images
-- Column dice: the same of the Dice coefficient
-- Column sum_of_areas: the same of intersection over the sum of the two areas
with units as (
    select unit, rank, split, step, outputs
    from logged_units
    where places = 1 and family in ('iou', 'dice')
),

images as (
    select
        unit,
        samples.pass,
        samples.batch,
        samples.position,
        units.outputs,
        unnest(range(0, units.outputs)) as class,
        target_pixels,
        predicted_pixels,
        intersection
    from units
    join samples on samples.rank = units.rank and samples.split = units.split and coalesce(samples.step, -1) = units.step
    where target_pixels is not null
),

areas as (
    select
        unit,
        pass,
        batch,
        position,
        class,
        sum(coalesce(target_pixels[class], 0) + coalesce(predicted_pixels[class], 0)) as summed,
        sum(coalesce(intersection[class], 0)) as shared
    from images
    group by grouping sets ((unit, class), (unit, pass, batch, position, class))
),

averaged as (
    select
        unit,
        position is null as whole,
        [
            avg(shared / (summed - shared)) filter (summed > 0), avg(shared / (summed - shared)) filter (summed > 0 and class > 0),
            sum(shared) / nullif(sum(summed - shared), 0), sum(shared) filter (class > 0) / nullif(sum(summed - shared) filter (class > 0), 0),
            avg(coalesce(shared / nullif(summed - shared, 0), 0)), avg(coalesce(shared / nullif(summed - shared, 0), 1))
        ] as iou,
        [
            avg(2 * shared / summed) filter (summed > 0), avg(2 * shared / summed) filter (summed > 0 and class > 0),
            -- Pooled over all classes Dice is the share of pixels predicted right, so it is none of the accepted averages.
            null, 2 * sum(shared) filter (class > 0) / nullif(sum(summed) filter (class > 0), 0),
            avg(coalesce(2 * shared / nullif(summed, 0), 0)), avg(coalesce(2 * shared / nullif(summed, 0), 1))
        ] as dice
    from areas
    group by unit, pass, batch, position
)

select
    unit,
    list_concat(any_value(iou) filter (whole), [avg(iou[1]) filter (not whole), avg(iou[2]) filter (not whole), avg(iou[3]) filter (not whole), avg(iou[4]) filter (not whole)]) as iou,
    list_concat(any_value(dice) filter (whole), [avg(dice[1]) filter (not whole), avg(dice[2]) filter (not whole), avg(dice[3]) filter (not whole), avg(dice[4]) filter (not whole)]) as dice,
    list_transform(any_value(dice) filter (whole), lambda d: d / 2) as sum_of_areas
from averaged
group by unit
