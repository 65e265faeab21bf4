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
        referred_order.order_id,
        referred_order.account_id,
        referred_order.paid_at,
        referred_order.cash_fen as paid_fen,
        refunded.refunded_at,
        cast(refunded.refund_fen as bigint) as refund_fen,
        promoter_number.promoter_id,
        date '1970-01-01' + referred_order.paid_day as paid_on,
        natural_day(refunded.refunded_at, $zone) as refunded_on
    from refunded
    inner join referred_order on refunded.order_id = referred_order.order_id
    inner join promoter_number on referred_order.promoter_no = promoter_number.promoter_no
),

buyer as (
    select distinct account_id
    from bought
),

earliest as (
    select
        referred_order.account_id,
        min({'paid_at': referred_order.paid_at, 'order_id': referred_order.order_id}).order_id as order_id
    from referred_order
    semi join buyer on referred_order.account_id = buyer.account_id
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
