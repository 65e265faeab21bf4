-- One row per promoter and natural day: what its invitees paid, and what was refunded (3.5(2)).
-- The promoter '' stands for all accounts that nobody referred; their refunds show what a day did to everybody.
create table refund_day as
with paid as (
    select
        coalesce(referrals.promoter_id, '') as promoter_id,
        natural_day(orders.paid_at, $zone) as day,
        count(*) as orders,
        sum(orders.cash_fen) as paid_fen,
        sum(refund_product.risk_ppm) as risk_orders_ppm,
        sum(round_ppm(orders.cash_fen, refund_product.risk_ppm)) as risk_fen
    from orders
    inner join refund_product on orders.product_code = refund_product.product_code
    left join referrals on orders.account_id = referrals.invitee_id
    where orders.cash_fen > 0
    group by all
),

refunded as (
    select
        promoter_id,
        refunded_on as day,
        count(*) as refund_orders,
        sum(refund_fen) as refund_fen,
        count(distinct account_id) as refunding_invitees
    from refund_order
    group by all
)

select
    coalesce(paid.promoter_id, refunded.promoter_id) as promoter_id,
    coalesce(paid.day, refunded.day) as day,
    coalesce(paid.orders, 0) as orders,
    cast(coalesce(paid.paid_fen, 0) as bigint) as paid_fen,
    cast(coalesce(paid.risk_orders_ppm, 0) as bigint) as risk_orders_ppm,
    cast(coalesce(paid.risk_fen, 0) as bigint) as risk_fen,
    coalesce(refunded.refund_orders, 0) as refund_orders,
    cast(coalesce(refunded.refund_fen, 0) as bigint) as refund_fen,
    coalesce(refunded.refunding_invitees, 0) as refunding_invitees
from paid
full outer join refunded on paid.promoter_id = refunded.promoter_id and paid.day = refunded.day
