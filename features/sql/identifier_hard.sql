-- One row per account and hard token that makes one entity of its accounts, beside the token's first account.
create or replace table identifier_hard as
with numbered as (
    select
        identifier_holder.token,
        identifier_holder.account_id,
        dense_rank() over (order by identifier_holder.account_id) as account_no
    from identifier_holder
    inner join identifier_shared
        on identifier_holder.token = identifier_shared.token
    where identifier_shared.resolves
)
select
    account_id,
    account_no,
    min(account_no) over (partition by token) as first_no
from numbered
