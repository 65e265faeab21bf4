-- One row per decision of settlement's concern, with the promoter it is about: is it on now, was it at the last issue?
-- `decision_source` is the casebook's decisions, the books' for the draft, or those of a what-if.
create or replace table decision_known as
with last_issue as (
    select
        max(run_seq) as run_seq,
        max(cutoff_at) as cutoff_at
    from books_issue
)

select
    d.decision_id,
    d.finding_id,
    d.evidence_sha256,
    d.subject_kind,
    d.subject_id,
    coalesce(d.promoter_id, case when d.subject_kind = 'promoter' then d.subject_id end, r.promoter_id, x.promoter_id)
        as promoter_id,
    d.clause,
    d.measure,
    d.month,
    d.functions,
    d.effective_from,
    d.status in ('applied', 'approved')
    and d.effective_from <= $cutoff_at
    and (d.effective_to is null or d.effective_to > $cutoff_at) as on_now,
    coalesce(
        d.applied_seq <= l.run_seq
        and (d.overturned_seq is null or d.overturned_seq > l.run_seq)
        and d.effective_from <= l.cutoff_at
        and (d.effective_to is null or d.effective_to > l.cutoff_at),
        false
    ) as on_then
from decision_source as d
cross join last_issue as l
left join referrals as r on d.subject_id = r.invitee_id and d.subject_kind in ('referral', 'invitee')
left join orders as o on d.subject_id = o.order_id and d.subject_kind = 'order'
left join referrals as x on o.account_id = x.invitee_id
where d.status in ('applied', 'approved', 'overturned')
