-- One row per reported promoter and invitee that a finding, a decision or a flagged burst is about.
create or replace table report_subject as
with named as (
    select promoter_id, subject_kind, subject_id from report_finding
    union
    select promoter_id, subject_kind, subject_id from report_decision
),
flagged_refund as (
    select distinct report_promoter.promoter_id, referrals.invitee_id
    from report_promoter
    inner join burst on report_promoter.promoter_id = burst.promoter_id and burst.flagged
    inner join referrals on report_promoter.promoter_id = referrals.promoter_id
    inner join orders on referrals.invitee_id = orders.account_id
    inner join refunds on orders.order_id = refunds.order_id
    where natural_day(refunds.refunded_at, $zone) between burst.window_start and burst.window_end
)
select promoter_id, subject_id as invitee_id from named where subject_kind in ('invitee', 'referral')
union
select named.promoter_id, orders.account_id
from named
inner join orders on named.subject_id = orders.order_id
where named.subject_kind = 'order'
union
select referral_same.promoter_id, referral_same.invitee_id
from referral_same
inner join report_promoter on referral_same.promoter_id = report_promoter.promoter_id
union
select promoter_id, invitee_id from flagged_refund
order by all
