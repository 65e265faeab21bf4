-- One row per account and shared token, over the account's whole life.
create or replace table identifier_held as
select
    identifier_use.kind,
    identifier_use.token,
    identifier_use.account_id,
    min(identifier_use.first_seen) as first_seen,
    max(identifier_use.last_seen) as last_seen,
    cast(sum(identifier_use.days_seen) as bigint) as days_seen,
    max(identifier_use.class) as class
from identifier_use
semi join identifier_shared
    on identifier_use.token = identifier_shared.token and identifier_use.kind = identifier_shared.kind
group by all
