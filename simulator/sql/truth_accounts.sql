-- one row per account: whose papers, whose hand, in which scheme; trace: what ties a careful account to its hand
select
    account_id(account, $salt) as account_id,
    'P' || lpad(person::varchar, 8, '0') as person,
    'P' || lpad(controller::varchar, 8, '0') as controller,
    ($schemes)[1 + scheme] as scheme,
    careful,
    case when way >= 0 then ($ways)[1 + way] end as trace,
    instant(case when found_at < $end then found_at else -1 end) as evident_from
from sim_account
order by account_id
