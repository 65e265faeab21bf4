-- One row per account and shared token that may speak: what linkage reads.
create or replace table identifier_holder as
select
    identifier_held.account_id,
    identifier_held.kind,
    identifier_held.token,
    identifier_value.accounts,
    identifier_value.entities,
    identifier_held.first_seen,
    identifier_held.last_seen,
    identifier_held.days_seen,
    identifier_held.class
from identifier_held
inner join identifier_value
    on identifier_held.kind = identifier_value.kind and identifier_held.token = identifier_value.token
where not identifier_value.suppressed
