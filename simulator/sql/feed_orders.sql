-- one row per order
select
    'O' || lpad(position::varchar, 9, '0') as order_id,
    account_id(account, $salt) as account_id,
    ($product_codes)[1 + product] as product_code,
    case when activity >= 0 then ($activities)[1 + activity] end as activity_id,
    ($order_kinds)[1 + kind] as kind,
    instant(paid) as paid_at,
    yuan(listed) as list_amount,
    yuan(coupon) as coupon_amount,
    yuan(voucher) as voucher_amount,
    yuan(listed - coupon - voucher) as cash_amount
from sim_order
order by order_id
