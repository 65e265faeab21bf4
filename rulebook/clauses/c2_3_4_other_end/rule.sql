-- One row per referral: was it ended on other grounds by a decision under 2.3(4), or is that reported and undecided?
with decided as (
    select r.invitee_id, min(d.decision_id) as decision_id, min(d.effective_from) as effective_from
    from referrals as r
    inner join books_decision as d
        on
            d.clause = '2.3(4)'
            and d.status in ('approved', 'applied')
            and d.effective_from < $cutoff_at
            and d.subject_id in (r.invitee_id, r.promoter_id)
    group by r.invitee_id
),

reported as (
    select r.invitee_id, min(p.report_id) as report_id
    from referrals as r
    inner join reports as p on p.clause = '2.3(4)' and p.subject_id in (r.invitee_id, r.promoter_id)
    group by r.invitee_id
)

select
    'referral' as subject_kind,
    r.invitee_id as subject_id,
    r.promoter_id,
    case when d.invitee_id is not null then 'met' when p.invitee_id is not null then 'unknown' else 'not_met' end as status,
    case
        when d.invitee_id is not null then 'ended by decision'
        when p.invitee_id is not null then 'reported and not decided'
        else 'neither reported nor decided'
    end as reason,
    json_object('decision_id', d.decision_id, 'report_id', p.report_id) as evidence
from referrals as r
left join decided as d on r.invitee_id = d.invitee_id
left join reported as p on r.invitee_id = p.invitee_id
