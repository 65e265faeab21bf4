-- One row per promoter who owes, of what reduced months still hold: it is owed back, and was never paid out.
create or replace table never_paid as
with flow as (
    select promoter_id, month, earning_month, debit_account as account, amount_fen from all_posting
    union all
    select promoter_id, month, earning_month, credit_account, -amount_fen from all_posting
),

-- What was carried out of a month is part of the first statement after it that carries nothing out.
landed as (
    select
        s.promoter_id,
        s.month,
        min(case when s.carried_out_fen = 0 then s.month end) over (
            partition by s.promoter_id order by s.month rows between current row and unbounded following
        ) as landed_month
    from issued_statement as s
    semi join balance_owed as o on s.promoter_id = o.promoter_id
),

reduced as (
    select
        f.promoter_id,
        l.landed_month,
        cast(sum(-f.amount_fen) as bigint) as reduced_fen
    from flow as f
    inner join landed as l on f.promoter_id = l.promoter_id and f.earning_month = l.month
    where f.account = 'programme_expense' and f.month <> f.earning_month
    group by all
),

held as (
    select
        f.promoter_id,
        f.earning_month as month,
        cast(sum(-f.amount_fen) as bigint) as held_fen
    from flow as f
    semi join balance_owed as o on f.promoter_id = o.promoter_id
    where f.account = 'promoter_held'
    group by all
)

select
    h.promoter_id,
    cast(sum(least(h.held_fen, r.reduced_fen)) as bigint) as never_paid_fen
from held as h
inner join reduced as r on h.promoter_id = r.promoter_id and h.month = r.landed_month
where h.held_fen > 0 and r.reduced_fen > 0
group by all
