-- One row per promise about the lines that does not hold: every fen of the referred orders bears rebate, was refunded, or
-- is excluded by exactly one clause (L9), and no order counts below 0 or above its cash (L4).
create or replace table invariant_feed as
with returned as (
    select
        order_id,
        cast(sum(cash_fen) as bigint) as refunded_fen
    from refunds
    group by all
),

checked as (
    select
        count(*) as orders,
        count(l.order_id) as lines,
        cast(coalesce(sum(o.cash_fen), 0) as bigint) as cash_fen,
        cast(coalesce(sum(l.net_fen), 0) + coalesce(sum(least(coalesce(r.refunded_fen, 0), o.cash_fen)), 0) as bigint) as told_fen,
        count(*) filter (where l.net_fen < 0 or l.net_fen > o.cash_fen) as outside,
        count(*) filter (where l.qualifies <> (l.clause is null)) as unexplained,
        min(l.order_id) filter (
            where l.net_fen < 0 or l.net_fen > o.cash_fen or l.qualifies <> (l.clause is null)
        ) as example
    from orders as o
    semi join referrals as f on o.account_id = f.invitee_id
    left join statement_line as l on o.order_id = l.order_id
    left join returned as r on o.order_id = r.order_id
)

select 'L4' as invariant, 'an order counts below 0 or above its cash' as broken, outside as cases, example
from checked
where outside > 0
union all
select 'L9', 'a line says neither that it qualifies nor why not', unexplained, example
from checked
where unexplained > 0
union all
select 'L9', 'cash of the referred orders that no line or refund accounts for', abs(cash_fen - told_fen), null
from checked
where cash_fen <> told_fen
union all
select 'L9', 'referred orders without exactly one line', abs(orders - lines), null
from checked
where orders <> lines
