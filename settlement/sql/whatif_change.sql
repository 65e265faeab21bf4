-- One row per promoter, month and clause whose rebate would differ: now, then, in fen. A line's clause is the one that keeps
-- it out on the side where it is out; 4.1 where only the rate, a cap or a bounty changes; a cancelled month bears its own.
create or replace table whatif_change as
with line as (
    select
        coalesce(b.promoter_id, a.promoter_id) as promoter_id,
        coalesce(b.month, a.month) as month,
        coalesce(b.clause, a.clause, '4.1') as clause,
        coalesce(b.rebate_fen, 0) as before_fen,
        coalesce(a.rebate_fen, 0) as after_fen
    from whatif_line as b
    full join line_priced as a on b.order_id = a.order_id
    where b.rebate_fen is distinct from a.rebate_fen
),

by_clause as (
    select
        promoter_id,
        month,
        clause,
        cast(sum(before_fen) as bigint) as before_fen,
        cast(sum(after_fen) as bigint) as after_fen
    from line
    group by all
),

entitled as (
    select
        coalesce(b.promoter_id, a.promoter_id) as promoter_id,
        coalesce(b.month, a.month) as month,
        coalesce(b.entitlement_fen, 0) as before_fen,
        coalesce(a.entitlement_fen, 0) as after_fen
    from whatif_month as b
    full join month_now as a on b.promoter_id = a.promoter_id and b.month = a.month
    where coalesce(b.entitlement_fen, 0) <> coalesce(a.entitlement_fen, 0)
),

told as (
    select
        promoter_id,
        month,
        cast(sum(after_fen - before_fen) as bigint) as change_fen
    from by_clause
    group by all
),

cancelled as (
    select promoter_id, month from whatif_cancelled
    union
    select promoter_id, month from decision_known
    where measure = 'cancel_rebate' and on_now
),

remainder as (
    select
        e.promoter_id,
        e.month,
        case when c.promoter_id is null then '4.1' else '4.4(1)' end as clause,
        0 as before_fen,
        e.after_fen - e.before_fen - coalesce(t.change_fen, 0) as after_fen
    from entitled as e
    left join told as t on e.promoter_id = t.promoter_id and e.month = t.month
    left join cancelled as c on e.promoter_id = c.promoter_id and e.month = c.month
),

change as (
    select b.promoter_id, b.month, b.clause, b.before_fen, b.after_fen
    from by_clause as b
    semi join entitled as e on b.promoter_id = e.promoter_id and b.month = e.month
    union all
    select promoter_id, month, clause, before_fen, after_fen
    from remainder
)

select
    promoter_id,
    month,
    clause,
    cast(sum(after_fen - before_fen) as bigint) as change_fen
from change
group by all
having sum(after_fen - before_fen) <> 0
