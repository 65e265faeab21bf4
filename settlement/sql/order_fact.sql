-- One row per order of an account that is referred or shares a group: what the feeds say of it. `promoter_id` is null where
-- nobody referred the account.
create or replace table order_fact as
with account as (
    select
        invitee_id as account_id,
        promoter_id
    from referrals
    union all
    select distinct
        m.account_id,
        null as promoter_id
    from linked_member as m
    anti join referrals as r on m.account_id = r.invitee_id
),

refunded as (
    select
        order_id,
        cast(sum(cash_fen) as bigint) as refunded_fen
    from refunds
    group by all
),

kept as (
    select
        o.*,
        a.promoter_id,
        natural_day(o.paid_at, $zone) as paid_on
    from orders as o
    inner join account as a on o.account_id = a.account_id
)

select
    o.order_id,
    o.account_id,
    o.promoter_id,
    o.paid_at,
    d.month,
    o.cash_fen,
    greatest(o.cash_fen - coalesce(r.refunded_fen, 0), 0) as net_fen,
    coalesce(p.promotable, not exists (select 1 from products)) as promotable,
    coalesce(p.recharge_card, false) as recharge_card,
    t.term_no,
    t.excluded,
    o.cash_fen > 0 and (t.counts_excluded or (not t.excluded and coalesce(p.promotable, not exists (select 1 from products))))
        as is_purchase
from kept as o
inner join day_setting as d on o.paid_on = d.day
left join refunded as r on o.order_id = r.order_id
left join product_span as p
    on o.product_code = p.product_code and o.paid_at >= p.valid_from and o.paid_at < p.valid_to
left join order_scope as sp on o.product_code = sp.code and o.paid_on = sp.day and sp.kind = 'product'
left join order_scope as sa on o.activity_id = sa.code and o.paid_on = sa.day and sa.kind = 'activity'
inner join order_term as t
    on o.paid_on = t.day and coalesce(sp.code, '') = t.product and coalesce(sa.code, '') = t.activity
