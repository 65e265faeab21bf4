-- one row per promoter: its scheme, its hand, and how many it invited, its own accounts among them
select
    account_id(p.promoter, $salt) as promoter_id,
    'P' || lpad(p.promoter::varchar, 8, '0') as controller,
    ($schemes)[1 + p.scheme] as scheme,
    p.careful,
    count(a.account) as invitees,
    count(a.account) filter (where a.controller = p.promoter) as own_accounts
from sim_promoter as p
left join sim_account as a on a.promoter = p.promoter
group by p.promoter, p.scheme, p.careful
order by promoter_id
