-- One row per posting of the issue of $month, payments and unpaid instalments of other statements apart.
create or replace table month_posting as
with reduction as (
    select
        a.promoter_id,
        a.earning_month,
        a.cause,
        a.corrects,
        s.sum_fen + s.reduced_fen as available_fen,
        cast(sum(-a.amount_fen) over (
            partition by a.promoter_id order by a.earning_month, a.cause_rank, a.cause
        ) as bigint) as to_fen,
        -a.amount_fen as amount_fen
    from month_adjustment as a
    inner join (
        select
            m.promoter_id,
            m.rebate_fen + m.adjustments_fen + m.carried_in_fen + m.released_fen as sum_fen,
            cast(sum(-r.amount_fen) as bigint) as reduced_fen
        from month_statement as m
        inner join month_adjustment as r on m.promoter_id = r.promoter_id and r.amount_fen < 0
        group by all
    ) as s on a.promoter_id = s.promoter_id
    where a.amount_fen < 0
),

move as (
    select 10 as step, 1 as posting_no, promoter_id, $month as earning_month, 'programme_expense' as debit_account,
        'promoter_payable' as credit_account, rebate_fen as amount_fen, '4.1' as cause, cast(null as varchar) as corrects
    from month_statement
    union all
    select 20, 1, promoter_id, earning_month, 'programme_expense', 'promoter_payable', amount_fen, cause, corrects
    from month_adjustment
    where amount_fen > 0
    union all
    select 25, 1, promoter_id, held_month, 'promoter_held', 'promoter_payable', held_fen, cause, hold_transaction
    from month_release
    union all
    select 30, 1, promoter_id, earning_month, 'promoter_payable', 'programme_expense',
        least(to_fen, available_fen) - least(to_fen - amount_fen, available_fen), cause, corrects
    from reduction
    union all
    select 30, 2, promoter_id, earning_month, 'clawback_receivable', 'programme_expense',
        amount_fen - (least(to_fen, available_fen) - least(to_fen - amount_fen, available_fen)), cause, corrects
    from reduction
    union all
    select 40, 1, promoter_id, $month, 'promoter_payable', 'clawback_receivable', offset_fen, '4.4(1)', null
    from month_statement
    union all
    select 50, 1, promoter_id, $month, 'promoter_payable', 'promoter_held', held_fen, covered_by, null
    from month_statement
    union all
    select 60, 1, promoter_id, cancelled_month, case when held_fen > 0 then 'promoter_held' else 'promoter_payable' end,
        'clawback_receivable', amount_fen, '4.4(1)', null
    from month_cancel
)

select
    'T' || strftime($as_of, '%Y%m%d') || '-' || replace($month, '-', '') || '-' || step || '-'
    || left(sha256(concat_ws('|', step, promoter_id, $month, earning_month, cause)), 16) as transaction_id,
    cast(posting_no as bigint) as posting_no,
    $as_of as posted_on,
    $month as month,
    earning_month,
    promoter_id,
    debit_account,
    credit_account,
    amount_fen,
    cause,
    corrects
from move
where amount_fen > 0
