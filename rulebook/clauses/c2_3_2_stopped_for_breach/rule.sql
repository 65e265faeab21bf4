-- One row per referral: did a decision to cancel the promoter's participation take effect after it was made (2.3(2))?
-- Proposed is not decided: such a relation is open for now.
with stop as (
    select
        coalesce(promoter_id, subject_id) as promoter_id,
        decision_id,
        effective_from,
        status in ('approved', 'applied') as decided
    from books_decision
    where measure = 'cancel_programme' and status in ('proposed', 'approved', 'applied')
),

referred as (
    select
        r.invitee_id,
        r.promoter_id,
        s.decision_id,
        s.effective_from,
        s.decided,
        a.registered_at
    from referrals as r
    inner join accounts as a on r.invitee_id = a.account_id
    left join stop as s
        on r.promoter_id = s.promoter_id and s.effective_from > a.registered_at and s.effective_from < $cutoff_at
)

select
    'referral' as subject_kind,
    invitee_id as subject_id,
    promoter_id,
    case when decided then 'met' when decision_id is not null then 'unknown' else 'not_met' end as status,
    case
        when decided then 'participation was cancelled by decision'
        when decision_id is not null then 'cancelling is proposed and not decided'
        else 'not stopped'
    end as reason,
    json_object('decision_id', decision_id, 'effective_on', strftime(natural_day(effective_from, $zone), '%Y-%m-%d')) as evidence
from referred
qualify row_number() over (
    partition by invitee_id order by coalesce(decided, false) desc, effective_from, decision_id
) = 1
