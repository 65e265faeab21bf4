-- One row per product bought with cash: how prone its orders are to refunds, shrunk towards the average order.
create table refund_product as
with refunded as (
    select distinct order_id
    from refunds
),

counted as (
    select
        orders.product_code,
        count(*) as orders,
        count(refunded.order_id) as refund_orders
    from orders
    left join refunded on orders.order_id = refunded.order_id
    where orders.cash_fen > 0
    group by all
),

overall as (
    select
        sum(orders) as orders,
        greatest(sum(refund_orders), 1) as refund_orders
    from counted
)

-- (refunds + 20 average orders' refunds) / (orders + 20) over the average, in whole ppm
select
    counted.product_code,
    counted.orders,
    counted.refund_orders,
    cast(least(greatest(
        (cast(counted.refund_orders as hugeint) * overall.orders + 20 * overall.refund_orders) * 1000000
        // ((counted.orders + 20) * overall.refund_orders),
        200000
    ), 5000000) as bigint) as risk_ppm
from counted
cross join overall
