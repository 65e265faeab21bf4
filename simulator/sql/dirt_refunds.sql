-- one row per refund, some spoilt in one documented way: all columns as text, the expected code and the row number
with counted as (
    select order_id, count(*) as refunds from refunds group by order_id
),
clean as (
    select r.refund_id, r.order_id, r.refunded_at::varchar as refunded_at, r.kind, r.cash_amount::varchar as cash_amount,
        row_number() over (order by r.refund_id) as row_number,
        md5_number($salt::varchar || r.refund_id) % 1_000_000 < $dirt_ppm and c.refunds = 1 as spoilt,
        ['ref.orphan', 'ref.excess', 'ref.before_payment', 'amt.scale', 'amt.direction', 'enum'][1 + (md5_number(r.refund_id) % 6)::bigint] as fault,
        o.cash_amount as paid, o.paid_at
    from refunds as r
    inner join counted as c on c.order_id = r.order_id
    inner join orders as o on o.order_id = r.order_id
)
select
    refund_id,
    case when spoilt and fault = 'ref.orphan' then 'O-nothing-' || refund_id else order_id end as order_id,
    case when spoilt and fault = 'ref.before_payment' then (paid_at - interval 2 hour)::varchar else refunded_at end as refunded_at,
    case when spoilt and fault = 'enum' then 'chargeback' else kind end as kind,
    case when not spoilt then cash_amount
        when fault = 'ref.excess' then (paid + 10)::varchar
        when fault = 'amt.scale' then cash_amount || '7'
        when fault = 'amt.direction' then '-' || cash_amount
        else cash_amount end as cash_amount,
    row_number,
    case when spoilt then fault end as expected
from clean
order by row_number
