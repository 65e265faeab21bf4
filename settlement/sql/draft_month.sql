-- One row per promoter and month with an entitlement, a statement or a payment: what it is now, and what was paid.
create or replace table draft_month as
with paid as (
    select
        promoter_id,
        month,
        cast(sum(gross_fen) as bigint) as paid_fen
    from payouts
    where status = 'paid'
    group by all
),

named as (
    select promoter_id, month from month_now
    union
    select promoter_id, month from books_statement
    union
    select promoter_id, month from paid
)

select
    n.promoter_id,
    n.month,
    coalesce(e.entitlement_fen, 0) as entitlement_fen,
    b.month is not null as issued,
    coalesce(p.paid_fen, 0) as paid_fen
from named as n
left join month_now as e on n.promoter_id = e.promoter_id and n.month = e.month
left join books_issue as b on n.month = b.month
left join paid as p on n.promoter_id = p.promoter_id and n.month = p.month
