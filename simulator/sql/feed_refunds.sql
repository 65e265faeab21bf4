-- one row per refund
select
    'R' || lpad(position::varchar, 9, '0') as refund_id,
    'O' || lpad("order"::varchar, 9, '0') as order_id,
    instant(happened) as refunded_at,
    ($refund_kinds)[1 + kind] as kind,
    yuan(amount) as cash_amount
from sim_refund
order by refund_id
