-- One row per product bought with cash: how prone its orders are to refunds, shrunk towards the average order.
create table refund_product as
with refunded as (
    select distinct order_id
    from refunds
),

bought as (
    select
        product_code,
        count(*) as orders
    from orders
    where cash_fen > 0
    group by all
),

given_back as (
    select
        orders.product_code,
        count(*) as refund_orders
    from orders
    semi join refunded on orders.order_id = refunded.order_id
    where orders.cash_fen > 0
    group by all
),

overall as (
    select
        (select sum(orders) from bought) as orders,
        greatest((select sum(refund_orders) from given_back), 1) as refund_orders
)

-- (refunds + 20 average orders' refunds) / (orders + 20) over the average, in whole ppm
select
    bought.product_code,
    bought.orders,
    coalesce(given_back.refund_orders, 0) as refund_orders,
    cast(least(greatest(
        (cast(coalesce(given_back.refund_orders, 0) as hugeint) * overall.orders + 20 * overall.refund_orders) * 1000000
        // ((bought.orders + 20) * overall.refund_orders),
        200000
    ), 5000000) as bigint) as risk_ppm
from bought
left join given_back on bought.product_code = given_back.product_code
cross join overall
