-- One row per promoter and earlier issued month whose entitlement now differs from what is posted for it.
create or replace table changed_month as
with posted as (
    select
        promoter_id,
        earning_month as month,
        cast(sum(case when debit_account = 'programme_expense' then amount_fen else -amount_fen end) as bigint) as posted_fen,
        max(transaction_id) filter (where cause = '4.1') as accrual
    from books_posting
    where debit_account = 'programme_expense' or credit_account = 'programme_expense'
    group by all
),

entitled as (
    select
        n.promoter_id,
        n.month,
        n.entitlement_fen
    from month_now as n
    semi join promoter_known as p on n.promoter_id = p.promoter_id
)

select
    coalesce(e.promoter_id, p.promoter_id) as promoter_id,
    coalesce(e.month, p.month) as month,
    coalesce(e.entitlement_fen, 0) as entitlement_fen,
    coalesce(p.posted_fen, 0) as posted_fen,
    p.accrual
from entitled as e
full join posted as p on e.promoter_id = p.promoter_id and e.month = p.month
inner join programme_month as m on coalesce(e.month, p.month) = m.month and m.issued_before
where coalesce(e.entitlement_fen, 0) <> coalesce(p.posted_fen, 0)
