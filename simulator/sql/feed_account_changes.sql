-- one row per account, instant and field that changed
select
    account_id(account, $salt) as account_id,
    instant(happened) as changed_at,
    ($fields)[1 + field] as field,
    case field when 0 then ($types)[1 + old] else ($verifications)[1 + old] end as old_value,
    case field when 0 then ($types)[1 + new] else ($verifications)[1 + new] end as new_value
from sim_change
order by account_id, changed_at, field
