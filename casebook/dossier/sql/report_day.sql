-- One row per reported promoter and natural day on which an invitee bought or gave back.
create or replace table report_day as
with invitee_order as (
    select referrals.promoter_id, orders.order_id, orders.paid_at, orders.cash_fen
    from report_promoter
    inner join referrals on report_promoter.promoter_id = referrals.promoter_id
    inner join orders on referrals.invitee_id = orders.account_id
),
event as (
    select promoter_id, natural_day(paid_at, $zone) as day, 1 as orders, cash_fen, 0 as refunds, 0 as refund_fen
    from invitee_order
    union all
    select
        invitee_order.promoter_id, natural_day(refunds.refunded_at, $zone), 0, 0, 1, refunds.cash_fen
    from invitee_order
    inner join refunds on invitee_order.order_id = refunds.order_id
)
select
    promoter_id,
    day,
    cast(sum(orders) as bigint) as orders,
    cast(sum(cash_fen) as bigint) as cash_fen,
    cast(sum(refunds) as bigint) as refunds,
    cast(sum(refund_fen) as bigint) as refund_fen
from event
group by all
order by promoter_id, day
