-- The one purchase of each sign-up; dollars taken for CNY.
select
    concat('O', user_id) as order_id,
    concat('U', user_id) as account_id,
    'goods' as product_code,
    cast(null as varchar) as activity_id,
    'purchase' as kind,
    purchase_time as paid_at,
    cast(purchase_value as decimal(18, 2)) as list_amount,
    cast(0 as decimal(18, 2)) as coupon_amount,
    cast(0 as decimal(18, 2)) as voucher_amount,
    cast(purchase_value as decimal(18, 2)) as cash_amount
from '../../../shared/data/fraud_ecommerce.parquet'
