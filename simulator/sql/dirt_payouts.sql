-- one row per payout, some spoilt in one documented way: all columns as text, the expected code and the row number
with clean as (
    select payout_id, promoter_id, month, paid_at::varchar as paid_at, gross_amount::varchar as gross_amount,
        tax_amount::varchar as tax_amount, net_amount, status,
        row_number() over (order by payout_id) as row_number,
        md5_number($salt::varchar || payout_id) % 1_000_000 < $dirt_ppm as spoilt,
        ['payout.sum', 'enum', 'amt.format'][1 + (md5_number(payout_id) % 3)::bigint] as fault
    from payouts
)
select
    payout_id,
    promoter_id,
    month,
    paid_at,
    case when spoilt and fault = 'amt.format' then '￥' || gross_amount else gross_amount end as gross_amount,
    tax_amount,
    case when spoilt and fault = 'payout.sum' then (net_amount + 1)::varchar else net_amount::varchar end as net_amount,
    case when spoilt and fault = 'enum' then 'pending' else status end as status,
    row_number,
    case when spoilt then fault end as expected
from clean
order by row_number
