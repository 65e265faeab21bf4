-- One row per account and hard token, beside the token's first account: together they are one entity.
create or replace table identifier_edge as
with resolving as (
    select
        identifier_accounts.kind,
        identifier_accounts.token
    from identifier_accounts
    inner join sharing_limit
        on identifier_accounts.kind = sharing_limit.kind
    anti join identifier_silenced
        on identifier_accounts.kind = identifier_silenced.kind and identifier_accounts.token = identifier_silenced.token
    where identifier_accounts.accounts <= sharing_limit.resolves_accounts
),
numbered as (
    select
        identifier_held.kind,
        identifier_held.token,
        identifier_account.account_no
    from identifier_held
    semi join resolving
        on identifier_held.kind = resolving.kind and identifier_held.token = resolving.token
    inner join identifier_account
        on identifier_held.account_id = identifier_account.account_id
),
first_holder as (
    select
        kind,
        token,
        min(account_no) as account_no
    from numbered
    group by all
)
select
    first_holder.account_no,
    numbered.account_no as other_no
from numbered
inner join first_holder
    on numbered.kind = first_holder.kind and numbered.token = first_holder.token
where first_holder.account_no <> numbered.account_no
