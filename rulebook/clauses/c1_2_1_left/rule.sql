-- One row per promoter: has it left (1.2(1))? By its last membership; one that ends before it begins tells nothing.
with last_one as (
    select *
    from membership
    qualify row_number() over (partition by promoter_id order by joined_at desc) = 1
),

state as (
    select
        *,
        case when left_at is null then 'not_met' when left_at < joined_at then 'unknown' else 'met' end as status
    from last_one
)

select
    'promoter' as subject_kind,
    promoter_id as subject_id,
    promoter_id,
    status,
    case status
        when 'met' then 'left the programme'
        when 'unknown' then 'the membership ends before it begins'
        else 'has not left'
    end as reason,
    json_object('left_on', strftime(natural_day(left_at, $zone), '%Y-%m-%d')) as evidence
from state
