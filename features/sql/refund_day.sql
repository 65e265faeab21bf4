-- One row per promoter and natural day: what its invitees paid, and what was refunded (3.5(2)).
-- The promoter '' stands for all accounts that nobody referred; their refunds show what a day did to everybody.
create table refund_day as
with counted as (
    select
        promoter_no,
        paid_day,
        count(*) as orders,
        sum(cash_fen) as paid_fen,
        sum(risk_ppm) as risk_orders_ppm,
        sum(cast(cash_fen as hugeint) * risk_ppm) // 1000000 as risk_fen
    from referred_order
    group by all
),

paid as (
    select
        promoter_number.promoter_id,
        date '1970-01-01' + counted.paid_day as day,
        counted.orders,
        counted.paid_fen,
        counted.risk_orders_ppm,
        counted.risk_fen
    from counted
    inner join promoter_number on counted.promoter_no = promoter_number.promoter_no
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
