-- one row per order, some spoilt in one documented way: all columns as text, the expected code (null: clean) and the row number
with clean as (
    select order_id, account_id, product_code, activity_id, kind, paid_at::varchar as paid_at, list_amount::varchar as list_amount,
        coupon_amount::varchar as coupon_amount, voucher_amount::varchar as voucher_amount, cash_amount::varchar as cash_amount,
        row_number() over (order by order_id) as row_number,
        md5_number($salt::varchar || order_id) % 1_000_000 < $dirt_ppm
            and order_id not in (select order_id from refunds)
            and order_id not in (select redeemed_order_id from coupons where redeemed_order_id is not null) as spoilt,
        ['amt.scale', 'amt.format', 'amt.nan', 'amt.direction', 'amt.over_list', 'amt.range', 'amt.sign', 'enum', 'acct.unknown',
            'product.unknown', 'ts.format', 'ts.range', 'ts.leap', 'ev.before_registration'][1 + (md5_number(order_id) % 14)::bigint] as fault
    from orders
)
select
    order_id,
    case when spoilt and fault = 'acct.unknown' then 'A-nobody-' || order_id else account_id end as account_id,
    case when spoilt and fault = 'product.unknown' then 'no-such-product' else product_code end as product_code,
    activity_id,
    case when spoilt and fault = 'enum' then 'gift' else kind end as kind,
    case when not spoilt then paid_at
        when fault = 'ts.format' then '30/02/2025 10:00'
        when fault = 'ts.range' then '9999-12-31 00:00:00+08'
        when fault = 'ts.leap' then substr(paid_at, 1, 10) || ' 24:00:00+00'
        when fault = 'ev.before_registration' then '2010-05-04 03:02:01+08'
        else paid_at end as paid_at,
    case when spoilt and fault = 'amt.range' then '99999999999999.00' else list_amount end as list_amount,
    coupon_amount,
    voucher_amount,
    case when not spoilt then cash_amount
        when fault = 'amt.scale' then cash_amount || '5'
        when fault = 'amt.format' then '1,234.50'
        when fault = 'amt.nan' then 'NaN'
        when fault = 'amt.direction' then '-' || greatest(cash_amount::decimal(18, 2), 0.01)::varchar
        when fault = 'amt.over_list' then (list_amount::decimal(18, 2) + 1)::varchar
        when fault = 'amt.sign' then '+' || cash_amount
        else cash_amount end as cash_amount,
    row_number,
    case when spoilt then fault end as expected
from clean
order by row_number
