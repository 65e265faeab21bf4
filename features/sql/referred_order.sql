-- One row per order paid with cash: in whole numbers (an account is a number, the natural day is days since 1970), so that
-- what follows groups millions of orders without their texts. Promoter '' stands for accounts that nobody referred.
create table referred_order as
select
    orders.order_id,
    orders.account_id,
    orders.paid_at,
    orders.cash_fen,
    cast(natural_day(orders.paid_at, $zone) - date '1970-01-01' as integer) as paid_day,
    coalesce(referred_account.account_no, -1) as account_no,
    coalesce(referred_account.promoter_no, 0) as promoter_no,
    refund_product.risk_ppm
from orders
inner join refund_product on orders.product_code = refund_product.product_code
left join referred_account on orders.account_id = referred_account.account_id
where orders.cash_fen > 0
