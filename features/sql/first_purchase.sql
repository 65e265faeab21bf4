-- One row per referred account that ever paid with cash: its first such order, and whether it was tiny (3.4(2)).
-- Tiny: below a tenth of the median first purchase.
create table first_purchase as
with first_order as (
    select
        referrals.promoter_id,
        orders.account_id,
        min({'paid_at': orders.paid_at, 'order_id': orders.order_id, 'cash_fen': orders.cash_fen}) as earliest,
        count(*) as orders,
        cast(sum(orders.cash_fen) as bigint) as paid_fen
    from orders
    inner join referrals on orders.account_id = referrals.invitee_id
    where orders.cash_fen > 0
    group by all
),

usual as (
    select quantile_disc(earliest.cash_fen, 0.5) as cash_fen
    from first_order
)

select
    first_order.promoter_id,
    first_order.account_id,
    first_order.earliest.order_id as order_id,
    first_order.earliest.paid_at as paid_at,
    first_order.earliest.cash_fen as cash_fen,
    first_order.earliest.cash_fen * 10 < usual.cash_fen as tiny,
    first_order.orders,
    first_order.paid_fen
from first_order
cross join usual
