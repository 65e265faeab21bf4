-- One row per void_relation decision and relation that it touches.
create or replace table relation_void as
with bought as (
    select
        d.decision_id,
        o.account_id
    from decision_known as d
    left join coupons as c on d.subject_id = c.coupon_id and d.subject_kind = 'coupon'
    inner join orders as o
        on coalesce(c.redeemed_order_id, d.subject_id) = o.order_id
    where d.measure = 'void_relation' and d.subject_kind in ('order', 'coupon')
),

touched as (
    select
        decision_id,
        subject_id as invitee_id
    from decision_known
    where subject_kind in ('referral', 'invitee')
    union
    select
        d.decision_id,
        m.account_id as invitee_id
    from decision_known as d
    inner join group_member as m on d.subject_id = m.group_id
    where d.subject_kind = 'group'
    union
    select
        d.decision_id,
        r.invitee_id
    from decision_known as d
    inner join referrals as r on d.promoter_id = r.promoter_id
    where d.subject_kind = 'promoter'
    union
    select
        decision_id,
        invitee_id
    from ring_member
    union
    select
        decision_id,
        account_id as invitee_id
    from bought
)

select
    d.decision_id,
    d.clause,
    r.invitee_id,
    r.promoter_id,
    d.on_now,
    d.on_then
from decision_known as d
inner join touched as t on d.decision_id = t.decision_id
inner join referrals as r on t.invitee_id = r.invitee_id
where d.measure = 'void_relation' and (d.subject_kind <> 'group' or coalesce(d.promoter_id, r.promoter_id) = r.promoter_id)
