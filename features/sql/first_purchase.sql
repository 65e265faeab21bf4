-- One row per referred account that ever paid with cash: its first such order, and whether it was tiny (3.4(2)).
-- Tiny: below a tenth of the median first purchase, and the account has bought nothing since.
create table first_purchase as
with earliest as (
    select
        account_no,
        min(paid_at) as paid_at,
        count(*) as orders,
        cast(sum(cash_fen) as bigint) as paid_fen,
        count(*) filter (where paid_day > $as_of - 28 - date '1970-01-01') as last_month_orders
    from referred_order
    where account_no >= 0
    group by all
),

first_order as (
    select
        earliest.account_no,
        earliest.orders,
        earliest.paid_fen,
        earliest.last_month_orders,
        referred_order.paid_at,
        min(referred_order.order_id) as order_id,
        arg_min(referred_order.cash_fen, referred_order.order_id) as cash_fen
    from earliest
    inner join referred_order
        on earliest.account_no = referred_order.account_no and earliest.paid_at = referred_order.paid_at
    group by all
),

usual as (
    select quantile_disc(cash_fen, 0.5) as cash_fen
    from first_order
)

select
    referred_account.promoter_id,
    referred_account.account_id,
    first_order.order_id,
    first_order.paid_at,
    first_order.cash_fen,
    first_order.cash_fen * 10 < usual.cash_fen and first_order.orders = 1 as tiny,
    first_order.orders,
    first_order.paid_fen,
    first_order.last_month_orders
from first_order
inner join referred_account on first_order.account_no = referred_account.account_no
cross join usual
