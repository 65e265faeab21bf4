-- One row per statement held at its issue whose money no hold covers any more, at the issue of $month (3.5(2)).
create or replace table month_release as
with open_hold as (
    select
        promoter_id,
        earning_month as held_month,
        cast(sum(case when credit_account = 'promoter_held' then amount_fen else -amount_fen end) as bigint) as held_fen,
        max_by(cause, transaction_id) filter (where credit_account = 'promoter_held') as cause,
        max(transaction_id) filter (where credit_account = 'promoter_held') as hold_transaction
    from all_posting
    where (credit_account = 'promoter_held' or debit_account = 'promoter_held') and earning_month < $month
    group by all
)

select
    h.promoter_id,
    h.held_month,
    h.held_fen,
    h.cause,
    h.hold_transaction
from open_hold as h
inner join issued_statement as s
    on h.promoter_id = s.promoter_id and h.held_month = s.month and s.status = 'held'
left join hold_cover as c
    on h.promoter_id = c.promoter_id and (c.month is null or c.month = h.held_month)
where h.held_fen > 0 and c.promoter_id is null
