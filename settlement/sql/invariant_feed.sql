-- One row if the fen of the referred orders are not all accounted for: what bears rebate, what was refunded, and each
-- clause's exclusion (L9).
create or replace table invariant_feed as
with paid as (
    select cast(coalesce(sum(o.cash_fen), 0) as bigint) as cash_fen
    from orders as o
    semi join referrals as r on o.account_id = r.invitee_id
),

returned as (
    select
        f.order_id,
        least(cast(sum(f.cash_fen) as bigint), any_value(o.cash_fen)) as refunded_fen
    from refunds as f
    inner join orders as o on f.order_id = o.order_id
    semi join referrals as r on o.account_id = r.invitee_id
    group by all
),

accounted as (
    select
        cast(coalesce((select sum(refunded_fen) from returned), 0) as bigint)
        + cast(coalesce((select sum(net_fen) from statement_line where line_kind = 'order'), 0) as bigint) as cash_fen
)

select
    'L9' as invariant,
    'cash of referred orders and what the lines and refunds account for differ' as broken,
    abs(p.cash_fen - a.cash_fen) as cases,
    cast(null as varchar) as example
from paid as p
cross join accounted as a
where p.cash_fen <> a.cash_fen
