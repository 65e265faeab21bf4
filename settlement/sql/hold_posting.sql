-- One row per issued statement whose unpaid instalments become held, or due again, in this run.
create or replace table hold_posting as
with moved as (
    select
        *,
        case when covered_by is null then 0 else rest_fen end - held_fen as move_fen,
        coalesce(covered_by, hold_cause) as cause
    from statement_rest
)

select
    'T' || strftime($as_of, '%Y%m%d') || '-' || replace(month, '-', '') || '-80-'
    || left(sha256(concat_ws('|', 'hold', promoter_id, month, cause, $as_of, $run_seq)), 16) as transaction_id,
    cast(1 as bigint) as posting_no,
    $as_of as posted_on,
    month,
    month as earning_month,
    promoter_id,
    case when move_fen > 0 then 'promoter_payable' else 'promoter_held' end as debit_account,
    case when move_fen > 0 then 'promoter_held' else 'promoter_payable' end as credit_account,
    abs(move_fen) as amount_fen,
    cause,
    cast(null as varchar) as corrects
from moved
where move_fen <> 0
