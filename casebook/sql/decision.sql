-- One row per decision, as this run leaves it.
-- A decision that names no promoter is about the one who referred its invitee or order; a group or ring stays open.
create or replace table decision as
with step as (
    select
        decision_id,
        bool_or(action = 'apply') as applied_now,
        bool_or(action = 'reject') as voided_now,
        bool_or(action = 'see_overturned') as overturned_now,
        max(effective_to) as ended_at
    from decision_step
    group by all
),

known as (
    select
        b.decision_id,
        b.finding_id,
        b.subject_kind,
        b.subject_id,
        b.promoter_id,
        b.clause,
        b.measure,
        case when s.applied_now then 'applied' when s.voided_now then 'rejected' else b.status end as status,
        b.effective_from,
        coalesce(s.ended_at, b.effective_to) as effective_to,
        b.month,
        b.amount_fen,
        b.functions,
        b.decided_by,
        b.reason,
        b.evidence_sha256,
        coalesce(b.applied_seq, case when s.applied_now then $run_seq end) as applied_seq,
        coalesce(b.overturned_seq, case when s.overturned_now then $run_seq end) as overturned_seq
    from books_decision as b
    left join step as s on b.decision_id = s.decision_id
    union all
    select
        n.decision_id,
        n.finding_id,
        n.subject_kind,
        n.subject_id,
        n.promoter_id,
        n.clause,
        n.measure,
        n.status,
        n.effective_from,
        n.effective_to,
        n.month,
        n.amount_fen,
        n.functions,
        n.decided_by,
        n.reason,
        n.evidence_sha256,
        case when n.status = 'applied' then $run_seq end as applied_seq,
        null as overturned_seq
    from new_decision as n
)

select
    k.decision_id,
    k.finding_id,
    k.subject_kind,
    k.subject_id,
    coalesce(
        k.promoter_id,
        case when k.subject_kind = 'promoter' then k.subject_id end,
        case when k.subject_kind in ('referral', 'invitee') then r.promoter_id end,
        case when k.subject_kind = 'order' then o.promoter_id end
    ) as promoter_id,
    k.clause,
    k.measure,
    k.status,
    k.effective_from,
    k.effective_to,
    k.month,
    k.amount_fen,
    k.functions,
    k.decided_by,
    k.reason,
    k.evidence_sha256,
    cast(k.applied_seq as bigint) as applied_seq,
    cast(k.overturned_seq as bigint) as overturned_seq
from known as k
left join referrals as r on k.subject_id = r.invitee_id and k.subject_kind in ('referral', 'invitee')
left join draft_line as o on k.subject_id = o.order_id and k.subject_kind = 'order'
