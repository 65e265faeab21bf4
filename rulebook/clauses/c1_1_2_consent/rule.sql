-- One row per promoter: did it consent to a version in force on the day of joining (1.1(2))? Later versions need none (6.2).
with state as (
    select
        *,
        case when not documented then 'unknown' when consented then 'not_met' else 'met' end as status
    from membership
)

select
    'promoter' as subject_kind,
    promoter_id as subject_id,
    promoter_id,
    status,
    case status
        when 'met' then 'the version consented to was not in force on the day of joining'
        when 'unknown' then 'no base document covers the day of joining'
        else 'the version consented to was in force'
    end as reason,
    json_object(
        'consented_version', consented_version, 'joined_on', strftime(natural_day(joined_at, $zone), '%Y-%m-%d')
    ) as evidence
from state
qualify row_number() over (
    partition by promoter_id
    order by case status when 'met' then 0 when 'unknown' then 1 else 2 end, joined_at
) = 1
