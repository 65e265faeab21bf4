-- One row per referral: was the link opened only after the registration, so that it cannot have led to it (2.1)?
-- Clocks of two systems may differ by five minutes; a click that nobody recorded says nothing (3.1(2) looks at those).
with referred as (
    select
        r.invitee_id,
        r.promoter_id,
        date_diff('second', a.registered_at, r.clicked_at) as seconds_late
    from referrals as r
    inner join accounts as a on r.invitee_id = a.account_id
),

state as (
    select
        *,
        case when seconds_late > 300 then 'met' when seconds_late > 0 then 'unknown' else 'not_met' end as status
    from referred
)

select
    'referral' as subject_kind,
    invitee_id as subject_id,
    promoter_id,
    status,
    case
        when status = 'met' then 'the link was opened after the registration'
        when status = 'unknown' then 'the link was opened just after the registration; clocks may differ'
        when seconds_late is null then 'no click recorded'
        else 'registered after opening the link'
    end as reason,
    json_object('seconds_late', seconds_late) as evidence
from state
