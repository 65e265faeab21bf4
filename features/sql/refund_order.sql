-- One row per order refunded at least once: when, how much, how long after payment, statement and payout (3.5(2)).
create table refund_order as
with refunded as (
    select
        order_id,
        min(refunded_at) as refunded_at,
        sum(cash_fen) as refund_fen
    from refunds
    where cash_fen > 0
    group by all
),

bought as (
    select
        orders.order_id,
        orders.account_id,
        orders.product_code,
        orders.paid_at,
        orders.cash_fen as paid_fen,
        refunded.refunded_at,
        cast(refunded.refund_fen as bigint) as refund_fen,
        coalesce(referrals.promoter_id, '') as promoter_id,
        natural_day(orders.paid_at, $zone) as paid_on,
        natural_day(refunded.refunded_at, $zone) as refunded_on
    from refunded
    inner join orders on refunded.order_id = orders.order_id
    left join referrals on orders.account_id = referrals.invitee_id
    where orders.cash_fen > 0
),

earliest as (
    select
        account_id,
        min({'paid_at': paid_at, 'order_id': order_id}).order_id as order_id
    from orders
    where cash_fen > 0 and account_id in (select account_id from bought)
    group by all
),

paid_out as (
    select
        promoter_id,
        paid_at
    from payouts
    where status = 'paid'
)

select
    bought.order_id,
    bought.promoter_id,
    bought.account_id,
    bought.product_code,
    bought.paid_on,
    bought.refunded_on,
    bought.refunded_at,
    date_diff('day', bought.paid_on, bought.refunded_on) as age_days,
    bought.paid_fen,
    bought.refund_fen,
    bought.refund_fen >= bought.paid_fen as full_refund,
    earliest.order_id is not null as first_purchase,
    statement_date.issued_on,
    date_diff('day', statement_date.issued_on, bought.refunded_on) as days_after_issue,
    date_diff('day', natural_day(paid_out.paid_at, $zone), bought.refunded_on) as days_after_payout
from bought
left join earliest on bought.order_id = earliest.order_id
left join statement_date on strftime(bought.paid_on, '%Y-%m') = statement_date.month
asof left join paid_out
    on bought.promoter_id = paid_out.promoter_id and bought.refunded_at >= paid_out.paid_at
