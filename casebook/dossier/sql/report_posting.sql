-- One row per ledger posting of a reported promoter, those of this run included.
create or replace table report_posting as
with posting as (
    select
        transaction_id, posting_no, posted_on, month, earning_month, promoter_id,
        debit_account, credit_account, amount_fen, cause, corrects
    from books_posting
    union all
    select
        transaction_id, posting_no, posted_on, month, earning_month, promoter_id,
        debit_account, credit_account, amount_fen, cause, corrects
    from new_posting
)
select
    posting.promoter_id,
    posting.posted_on,
    posting.month,
    posting.earning_month,
    posting.transaction_id,
    posting.posting_no,
    posting.debit_account,
    posting.credit_account,
    posting.amount_fen,
    posting.cause,
    posting.corrects
from posting
inner join report_promoter on posting.promoter_id = report_promoter.promoter_id
order by posting.promoter_id, posting.posted_on, posting.transaction_id, posting.posting_no
