-- One row per token that two or more accounts hold, with what its kind's limits and the analysts' register say of it.
create or replace table identifier_shared as
with held_ip as (
    select distinct
        kind,
        token,
        mask,
        account_id
    from identifier_holder
    where kind = 'ip'
),
counted as (
    select
        kind,
        token,
        mask,
        count(*) as accounts
    from held_ip
    group by kind, token, mask
    union all
    select
        kind,
        token,
        mask,
        count(*) as accounts
    from identifier_holder
    where kind <> 'ip'
    group by kind, token, mask
),
register as (
    select
        kind,
        token,
        min(from_on) as from_on
    from books_shared
    where from_on <= $as_of and (to_on is null or to_on >= $as_of)
    group by all
)
select
    counted.kind,
    counted.token,
    counted.mask,
    counted.accounts,
    register.from_on as silenced_on,
    sharing_limit.hub_entities,
    register.token is null and counted.accounts <= sharing_limit.resolves_accounts as resolves
from counted
inner join sharing_limit
    on counted.kind = sharing_limit.kind
left join register
    on counted.kind = register.kind and counted.token = register.token
