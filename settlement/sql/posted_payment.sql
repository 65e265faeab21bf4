-- One row per payout with a payment in the ledger (`hash` of its id): how often it was posted and posted back, and what of it
-- stands. A payment is step 70 of a statement, posting it back step 75; the second time 70.1 and 75.1.
create or replace table posted_payment as
with posting as (
    select
        right(transaction_id, 16) as hash,
        transaction_id,
        promoter_id,
        month,
        corrects,
        debit_account,
        credit_account,
        amount_fen,
        run_seq
    from all_posting
    where
        credit_account in ('cash', 'tax_payable') or debit_account in ('cash', 'tax_payable')
)

select
    hash,
    count(distinct transaction_id) filter (where corrects is null) as times_paid,
    count(distinct transaction_id) filter (where corrects is not null) as times_back,
    max_by(transaction_id, run_seq) filter (where corrects is null) as transaction_id,
    any_value(promoter_id) as promoter_id,
    max_by(month, run_seq) as month,
    cast(sum(case when credit_account = 'cash' then amount_fen when debit_account = 'cash' then -amount_fen else 0 end) as bigint)
        as net_fen,
    cast(sum(case
        when credit_account = 'tax_payable' then amount_fen when debit_account = 'tax_payable' then -amount_fen else 0
    end) as bigint) as tax_fen
from posting
group by hash
