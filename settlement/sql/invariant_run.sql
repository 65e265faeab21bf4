-- One row per promise that does not hold and that only the run itself can see: entitlement against postings, and holds.
create or replace table invariant_run as
with posted as (
    select
        promoter_id,
        earning_month as month,
        cast(sum(case when debit_account = 'programme_expense' then amount_fen else -amount_fen end) as bigint) as posted_fen
    from all_posting
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
    semi join programme_month as m on n.month = m.month and (m.issued_before or m.issues_now)
),

fault as (
    select
        'P2' as invariant,
        'what is posted for an earning month is not its entitlement' as broken,
        coalesce(e.promoter_id, p.promoter_id) || ' ' || coalesce(e.month, p.month) as example
    from entitled as e
    full join posted as p on e.promoter_id = p.promoter_id and e.month = p.month
    where
        coalesce(e.entitlement_fen, 0) <> coalesce(p.posted_fen, 0)
        -- Between issues, what has changed waits for the next one.
        and exists (select 1 from programme_month where issues_now)
    union all
    select
        'L4' as invariant,
        'an order counts above its cash' as broken,
        order_id as example
    from order_fact
    where net_fen > cash_fen
    union all
    select
        'L3' as invariant,
        'a part of a statement can be paid while a hold covers it' as broken,
        p.promoter_id || ' ' || p.month as example
    from payable as p
    inner join hold_cover as h on p.promoter_id = h.promoter_id and (h.month is null or h.month = p.month)
    where p.status in ('due', 'requested', 'failed')
)

select
    invariant,
    broken,
    count(*) as cases,
    min(example) as example
from fault
group by all
