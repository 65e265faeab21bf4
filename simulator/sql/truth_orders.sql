-- one row per order that a scheme placed or that was refunded: the scheme and the cause of its first refund
with causes as (
    select "order" as position, arg_min(cause, position) as cause from sim_refund group by all
)
select
    'O' || lpad(o.position::varchar, 9, '0') as order_id,
    ($schemes)[1 + o.plan] as scheme,
    case when c.cause is not null then ($causes)[1 + c.cause] end as refund_cause
from sim_order as o
left join causes as c on c.position = o.position
where o.plan > 0 or c.cause is not null
order by order_id
