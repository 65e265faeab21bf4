-- One row per promoter: was it ever, while a member, not verified as an individual (1.2(2))?
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
    json_object('verified_as', member_span.value, 'since', since) as evidence
from member_span
where field = 'verified_as'
qualify row_number() over (
    partition by promoter_id
    order by case status when 'met' then 0 when 'unknown' then 1 else 2 end, since_at, value
) = 1
