-- One row per promise about the lines that does not hold: every fen of the referred orders bears rebate, was refunded, or
-- is excluded by exactly one clause (L9), and no order counts below 0 (L4).
create or replace table invariant_feed as
with referred as (
    select
        o.order_id,
        o.cash_fen
    from orders as o
    semi join referrals as f on o.account_id = f.invitee_id
),

returned as (
    select
        r.order_id,
        least(cast(sum(r.cash_fen) as bigint), any_value(o.cash_fen)) as refunded_fen
    from refunds as r
    inner join referred as o on r.order_id = o.order_id
    group by all
),

line as (
    select
        count(*) as lines,
        cast(coalesce(sum(net_fen), 0) as bigint) as net_fen,
        count(*) filter (where net_fen < 0) as below,
        count(*) filter (where qualifies <> (clause is null)) as unexplained,
        min(order_id) filter (where net_fen < 0 or qualifies <> (clause is null)) as example
    from statement_line
    where line_kind = 'order'
),

paid as (
    select
        count(*) as orders,
        cast(coalesce(sum(cash_fen), 0) as bigint) as cash_fen,
        cast(coalesce((select sum(refunded_fen) from returned), 0) as bigint) as refunded_fen
    from referred
)

select 'L4' as invariant, 'an order counts below 0' as broken, below as cases, example
from line
where below > 0
union all
select 'L9', 'a line says neither that it qualifies nor why not', unexplained, example
from line
where unexplained > 0
union all
select 'L9', 'cash of the referred orders that no line or refund accounts for', abs(cash_fen - refunded_fen - net_fen), null
from paid
cross join line
where cash_fen - refunded_fen <> net_fen
union all
select 'L9', 'referred orders without exactly one line', abs(orders - lines), null
from paid
cross join line
where orders <> lines
