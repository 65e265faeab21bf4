-- one row per coupon
select
    'C' || lpad(number::varchar, 9, '0') as coupon_id,
    account_id(account, $salt) as issued_to,
    instant(happened) as issued_at,
    yuan(face) as face_amount,
    case when "order" >= 0 then 'O' || lpad("order"::varchar, 9, '0') end as redeemed_order_id
from sim_coupon
order by coupon_id
