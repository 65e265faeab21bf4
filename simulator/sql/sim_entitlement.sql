-- one row per promoter and issue: all that its months up to then are worth, in fen
with first_purchase as (
    select account, min(month) as month from sim_order where listed - coupon - voucher > 0 group by all
),
paying as (
    select l.promoter, l.issue, l.account, any_value(f.month) as month
    from sim_line as l
    inner join first_purchase as f on f.account = l.account
    group by l.promoter, l.issue, l.account
    having max(l.net) > 0
),
counted as (
    select promoter, issue, month, count(*) as users from paying group by all
),
rebated as (
    select l.promoter, l.issue, l.month, l.account,
        sum(round_half_up(l.net::hugeint * case
            when l.on_sale then 200_000
            when coalesce(c.users, 0) >= 10 then 150_000
            when coalesce(c.users, 0) >= 3 then 100_000
            else 50_000 end)) as rebate
    from sim_line as l
    inner join paying as p on p.promoter = l.promoter and p.issue = l.issue and p.account = l.account
    left join counted as c on c.promoter = l.promoter and c.issue = l.issue and c.month = l.month
    where l.month <= l.issue
    group by all
),
capped as (
    select promoter, issue, sum(least(rebate, 500_000)) as total from rebated group by all
)
select p.promoter, c.month as issue, coalesce(t.total, 0)::bigint as total
from sim_promoter as p
cross join sim_cutoff as c
left join capped as t on t.promoter = p.promoter and t.issue = c.month
order by p.promoter, issue
