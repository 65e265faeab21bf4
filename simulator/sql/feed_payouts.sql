-- one row per payout; tax per person and month of payment, cumulative over what was paid before
with attempted as (
    select number, promoter, month_name, payable as gross, person, paid as happened, failed,
        strftime(instant(paid) at time zone $zone, '%Y-%m') as paid_in
    from sim_request
    where paid < $end and paid < held_from and payable > 0
),
summed as (
    select *,
        coalesce(sum(case when failed then 0 else gross end) over (
            partition by person, paid_in order by happened, number rows between unbounded preceding and 1 preceding), 0)::bigint as before
    from attempted
),
taxed as (
    select *, tax_on(before + gross) - tax_on(before) as tax from summed
)
select
    'Y' || lpad(number::varchar, 9, '0') as payout_id,
    account_id(promoter, $salt) as promoter_id,
    month_name as month,
    instant(happened) as paid_at,
    yuan(gross) as gross_amount,
    yuan(tax) as tax_amount,
    yuan(gross - tax) as net_amount,
    case when failed then 'failed' else 'paid' end as status
from taxed
order by payout_id
