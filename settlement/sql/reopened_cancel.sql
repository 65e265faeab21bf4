-- One row per statement that a payment taken back made payable again, of a promoter who owes: the open balance cancels what is
-- unpaid, oldest first, as it does when it arises (4.4(1)).
create or replace table reopened_cancel as
with lined_up as (
    select
        r.promoter_id,
        r.month,
        r.held_fen,
        r.rest_fen,
        o.open_fen,
        cast(sum(r.rest_fen) over (partition by r.promoter_id order by r.month) as bigint) as to_fen
    from statement_rest as r
    semi join payment_correction as p on r.promoter_id = p.promoter_id
    inner join balance_owed as o on r.promoter_id = o.promoter_id
    where r.rest_fen > 0 and o.open_fen > 0
),

cancelled as (
    select
        promoter_id,
        month,
        held_fen,
        least(to_fen, open_fen) - least(to_fen - rest_fen, open_fen) as amount_fen
    from lined_up
)

select
    'T' || strftime($as_of, '%Y%m%d') || '-' || replace(month, '-', '') || '-85-'
    || left(sha256(concat_ws('|', 'reopened', promoter_id, month, $as_of, $run_seq)), 16) as transaction_id,
    cast(1 as bigint) as posting_no,
    $as_of as posted_on,
    -- A cancelled instalment is known by a month later than the one in which it was earned.
    strftime(cast(month || '-01' as date) + interval 1 month, '%Y-%m') as month,
    month as earning_month,
    promoter_id,
    case when held_fen > 0 then 'promoter_held' else 'promoter_payable' end as debit_account,
    'clawback_receivable' as credit_account,
    amount_fen,
    '4.4(1)' as cause,
    cast(null as varchar) as corrects
from cancelled
where amount_fen > 0
