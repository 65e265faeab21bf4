-- One row per statement with money held today.
create or replace table whatif_held as
with posting as (
    select promoter_id, earning_month, debit_account, credit_account, amount_fen from books_posting
    union all
    select promoter_id, earning_month, debit_account, credit_account, amount_fen from new_posting
)

select
    promoter_id,
    earning_month as month,
    cast(sum(case when credit_account = 'promoter_held' then amount_fen else -amount_fen end) as bigint) as held_fen
from posting
where credit_account = 'promoter_held' or debit_account = 'promoter_held'
group by all
