-- One row per promoter: was the account of a kind that may take part, at joining and while a member (1.1)?
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
    json_object('account_type', member_span.value, 'since', since) as evidence
from member_span
where field = 'account_type'
qualify row_number() over (
    partition by promoter_id
    order by case status when 'met' then 0 when 'unknown' then 1 else 2 end, since_at, value
) = 1
