-- One row per side of a posting: those of earlier runs out of the books, and this run's.
create or replace table ledger as
with posting as (
    select
        transaction_id,
        posting_no,
        posted_on,
        month,
        earning_month,
        promoter_id,
        debit_account,
        credit_account,
        amount_fen,
        cause,
        corrects
    from books_posting
    union all
    select
        transaction_id,
        posting_no,
        posted_on,
        month,
        earning_month,
        promoter_id,
        debit_account,
        credit_account,
        amount_fen,
        cause,
        corrects
    from new_posting
),

side as (
    select
        posting.*,
        unnest(['D', 'C']) as side
    from posting
)

select
    transaction_id || '-' || lpad(cast(posting_no as varchar), 3, '0') || side as entry_id,
    transaction_id,
    posted_on,
    month,
    earning_month,
    promoter_id,
    case side when 'D' then debit_account else credit_account end as ledger_account,
    money(case side when 'D' then amount_fen else -amount_fen end) as amount,
    cause,
    corrects
from side
