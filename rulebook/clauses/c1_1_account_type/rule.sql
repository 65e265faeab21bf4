-- One row per promoter: was the account of a kind that may take part, at joining and while a member (1.1)?
with state as (
    select
        m.promoter_id,
        s.value,
        s.from_at <= m.joined_at as at_joining,
        greatest(s.from_at, m.joined_at) as since_at,
        case when s.contradicts then 'unknown' when s.value = 'individual' then 'not_met' else 'met' end as status
    from membership as m
    inner join account_span as s
        on
            m.promoter_id = s.account_id
            and s.field = 'account_type'
            and s.from_at < coalesce(m.left_at, $cutoff_at)
            and (s.to_at is null or s.to_at > m.joined_at)
)

select
    'promoter' as subject_kind,
    promoter_id as subject_id,
    promoter_id,
    status,
    case status
        when 'met' then concat('account type ', value, case when at_joining then ' at joining' else ' after joining' end)
        when 'unknown' then 'the changes of the account type contradict each other'
        else 'an individual account'
    end as reason,
    json_object('account_type', state.value, 'since', strftime(natural_day(since_at, $zone), '%Y-%m-%d')) as evidence
from state
qualify row_number() over (
    partition by promoter_id
    order by case status when 'met' then 0 when 'unknown' then 1 else 2 end, since_at, value
) = 1
