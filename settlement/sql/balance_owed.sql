-- One row per promoter with a clawback: what is open of it by the books and the postings of the run so far (4.4(1)).
create or replace view balance_owed as
select
    promoter_id,
    cast(sum(case when debit_account = 'clawback_receivable' then amount_fen else -amount_fen end) as bigint) as open_fen
from all_posting
where debit_account = 'clawback_receivable' or credit_account = 'clawback_receivable'
group by all
