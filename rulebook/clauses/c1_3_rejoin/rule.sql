-- One row per promoter that joined more than once: did it come back within the cool-off after leaving (1.3)?
-- The day of leaving is not counted; the parameter is that of the day of joining again.
with again as (
    select
        promoter_id,
        joined_at,
        natural_day(joined_at, $zone) as joined_on,
        lag(joined_at) over of_promoter as joined_before,
        natural_day(lag(left_at) over of_promoter, $zone) as left_on
    from membership
    window of_promoter as (partition by promoter_id order by joined_at)
),

state as (
    select
        a.*,
        cast(p.value as bigint) as cooloff_days,
        case
            when p.value is null or a.left_on is null or a.left_on > a.joined_on then 'unknown'
            when a.joined_on - a.left_on <= cast(p.value as bigint) then 'met'
            else 'not_met'
        end as status
    from again as a
    left join parameter_span as p
        on
            p.path = 'rejoin_cooloff_days'
            and a.joined_on between p.from_day and coalesce(p.to_day, date '9999-12-31')
    where a.joined_before is not null
)

select
    'promoter' as subject_kind,
    promoter_id as subject_id,
    promoter_id,
    status,
    case
        when cooloff_days is null then 'no document tells the cool-off'
        when status = 'unknown' then 'joined again without having left'
        when status = 'met' then concat('joined again ', joined_on - left_on, ' days after leaving')
        else 'joined again after the cool-off'
    end as reason,
    json_object(
        'left_on', cast(left_on as varchar), 'joined_on', cast(joined_on as varchar), 'cooloff_days', cooloff_days
    ) as evidence
from state
qualify row_number() over (
    partition by promoter_id
    order by case status when 'met' then 0 when 'unknown' then 1 else 2 end, joined_at desc
) = 1
