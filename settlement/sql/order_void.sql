-- One row per void_order or reverse_transaction decision and order of a referred invitee that it touches.
create or replace table order_void as
with voiding as (
    select * from decision_known
    where measure in ('void_order', 'reverse_transaction')
),

touched as (
    select
        decision_id,
        subject_id as order_id
    from voiding
    where subject_kind = 'order'
    union
    select
        v.decision_id,
        c.redeemed_order_id as order_id
    from voiding as v
    inner join coupons as c on v.subject_id = c.coupon_id
    where v.subject_kind = 'coupon'
    union
    select
        v.decision_id,
        o.order_id
    from voiding as v
    inner join orders as o on v.subject_id = o.account_id
    where v.subject_kind in ('referral', 'invitee')
    union
    select
        v.decision_id,
        o.order_id
    from voiding as v
    inner join group_member as m on v.subject_id = m.group_id
    inner join orders as o on m.account_id = o.account_id
    where v.subject_kind = 'group'
    union
    select
        v.decision_id,
        o.order_id
    from voiding as v
    inner join referrals as r on v.promoter_id = r.promoter_id
    inner join orders as o on r.invitee_id = o.account_id
    where v.subject_kind = 'promoter'
    union
    select
        v.decision_id,
        o.order_id
    from voiding as v
    inner join ring_member as m on v.decision_id = m.decision_id
    inner join orders as o on m.invitee_id = o.account_id
)

select
    v.decision_id,
    v.clause,
    t.order_id,
    r.promoter_id,
    v.on_now,
    v.on_then
from voiding as v
inner join touched as t on v.decision_id = t.decision_id
inner join orders as o on t.order_id = o.order_id
inner join referrals as r on o.account_id = r.invitee_id
where v.subject_kind <> 'group' or coalesce(v.promoter_id, r.promoter_id) = r.promoter_id
