-- One row per promoter: was the account real-name verified when it joined (1.1(1))?
with state as (
    select
        m.promoter_id,
        m.joined_at,
        s.value,
        case when s.contradicts then 'unknown' when s.value = 'none' then 'met' else 'not_met' end as status
    from membership as m
    inner join account_span as s
        on
            m.promoter_id = s.account_id
            and s.field = 'verified_as'
            and s.from_at <= m.joined_at
            and (s.to_at is null or m.joined_at < s.to_at)
)

select
    'promoter' as subject_kind,
    promoter_id as subject_id,
    promoter_id,
    status,
    case status
        when 'met' then 'not verified when joining'
        when 'unknown' then 'the changes of the verification contradict each other'
        else concat('verified as ', value, ' when joining')
    end as reason,
    json_object('verified_as', state.value, 'joined_on', strftime(natural_day(joined_at, $zone), '%Y-%m-%d')) as evidence
from state
qualify row_number() over (
    partition by promoter_id
    order by case status when 'met' then 0 when 'unknown' then 1 else 2 end, joined_at
) = 1
