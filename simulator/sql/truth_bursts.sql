-- one row per promoter and run of planned refunds that lie at most 14 days apart, three orders at least
with planned as (
    select a.promoter, o.plan, r."order", r.amount, (instant(r.happened) at time zone $zone)::date as day
    from sim_refund as r
    inner join sim_order as o on o.position = r."order"
    inner join sim_account as a on a.account = o.account
    where r.cause = 2 and a.promoter >= 0 and o.plan in (select unnest($bursting))
),
marked as (
    select *, day - lag(day) over (partition by promoter order by day, "order", amount) > 14 as begins from planned
),
numbered as (
    select *, sum(case when begins then 1 else 0 end) over (partition by promoter order by day, "order", amount) as burst from marked
)
select
    account_id(promoter, $salt) as promoter_id,
    min(day) as window_start,
    max(day) as window_end,
    count(distinct "order") as refund_orders,
    yuan(sum(amount)::bigint) as refund_amount,
    ($schemes)[1 + min(plan)] as scheme
from numbered
group by promoter, burst
having count(distinct "order") >= 3
order by promoter_id, window_start
