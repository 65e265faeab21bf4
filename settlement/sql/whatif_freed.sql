-- One row per statement with money held today that no hold would cover: what would be free, in fen.
create or replace table whatif_freed as
with posting as (
    select promoter_id, earning_month, debit_account, credit_account, amount_fen from books_posting
    union all
    select promoter_id, earning_month, debit_account, credit_account, amount_fen from new_posting
),

held as (
    select
        promoter_id,
        earning_month as month,
        cast(sum(case when credit_account = 'promoter_held' then amount_fen else -amount_fen end) as bigint) as held_fen
    from posting
    where credit_account = 'promoter_held' or debit_account = 'promoter_held'
    group by all
)

select
    h.promoter_id,
    h.month,
    h.held_fen
from held as h
semi join whatif_hold as w on h.promoter_id = w.promoter_id and coalesce(w.month, h.month) = h.month
anti join hold_cover as c on h.promoter_id = c.promoter_id and coalesce(c.month, h.month) = h.month
where h.held_fen > 0
