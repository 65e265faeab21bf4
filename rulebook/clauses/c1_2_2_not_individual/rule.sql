-- One row per promoter: was it ever, while a member, not verified as an individual (1.2(2))?
with state as (
    select
        m.promoter_id,
        s.value,
        greatest(s.from_at, m.joined_at) as since_at,
        case when s.contradicts then 'unknown' when s.value = 'individual' then 'not_met' else 'met' end as status
    from membership as m
    inner join account_span as s
        on
            m.promoter_id = s.account_id
            and s.field = 'verified_as'
            and s.from_at < coalesce(m.left_at, $cutoff_at)
            and (s.to_at is null or s.to_at > m.joined_at)
)

select
    'promoter' as subject_kind,
    promoter_id as subject_id,
    promoter_id,
    status,
    case status
        when 'met' then concat('verified as ', value, ' while a member')
        when 'unknown' then 'the changes of the verification contradict each other'
        else 'verified as an individual'
    end as reason,
    json_object('verified_as', state.value, 'since', strftime(natural_day(since_at, $zone), '%Y-%m-%d')) as evidence
from state
qualify row_number() over (
    partition by promoter_id
    order by case status when 'met' then 0 when 'unknown' then 1 else 2 end, since_at, value
) = 1
