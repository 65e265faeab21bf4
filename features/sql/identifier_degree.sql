-- One row per shared kind and token: its degree in accounts and in entities. Hard kinds count accounts, since their own
-- entities would make every hard token look like one person's.
create or replace table identifier_degree as
with soft as (
    select
        identifier_held.kind,
        identifier_held.token,
        count(distinct coalesce(identifier_entity.entity_no, identifier_account.account_no)) as entities
    from identifier_held
    inner join sharing_limit
        on identifier_held.kind = sharing_limit.kind
    inner join identifier_account
        on identifier_held.account_id = identifier_account.account_id
    left join identifier_entity
        on identifier_account.account_no = identifier_entity.account_no
    where sharing_limit.resolves_accounts = 0
    group by all
)
select
    identifier_accounts.kind,
    identifier_accounts.token,
    identifier_accounts.accounts,
    coalesce(soft.entities, identifier_accounts.accounts) as entities
from identifier_accounts
left join soft
    on identifier_accounts.kind = soft.kind and identifier_accounts.token = soft.token
