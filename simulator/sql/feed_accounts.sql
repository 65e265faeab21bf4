-- one row per account
select
    account_id(account, $salt) as account_id,
    instant(registered) as registered_at,
    ($types)[1 + account_type] as account_type,
    ($verifications)[1 + verified_as] as verified_as
from sim_account
order by account_id
