-- one row per order that bears a rebate and cut-off after its payment: net amount in fen, as known at that cut-off
with eligible as (
    select o.position, o.account, a.promoter, o.product, o.paid, o.listed - o.coupon - o.voucher as cash, o.month,
        o.paid >= $sale_from and o.paid < $sale_to and o.product = $ecs as on_sale
    from sim_order as o
    inner join sim_account as a on a.account = o.account
    inner join sim_promoter as p on p.promoter = a.promoter
    inner join sim_member as m on m.promoter = a.promoter
    inner join sim_cutoff as c on c.month = o.month
    where p.fit
        and a.registered >= m.joined and (m.left_at < 0 or o.paid < m.left_at and a.registered < m.left_at)
        and o.paid < p.changed_at
        and o.paid < a.window_end
        and a.found_at >= c.cutoff
        and not a.affiliated
        and o.listed - o.coupon - o.voucher > 0
        and o.product <> $card and o.product <> $training
        and (o.product <> $support or o.paid < $midway)
        and o.activity <> $flash
)
select e.position, e.account, e.promoter, e.month, c.month as issue, e.on_sale,
    any_value(e.cash) - coalesce(sum(r.amount), 0)::bigint as net
from eligible as e
inner join sim_cutoff as c on c.cutoff > e.paid
left join sim_refund as r on r."order" = e.position and r.happened < c.cutoff
group by e.position, e.account, e.promoter, e.month, c.month, e.on_sale
order by e.position, issue
