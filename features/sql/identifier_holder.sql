-- One row per account, token that may speak and span: what linkage reads.
create or replace table identifier_holder as
select
    identifier_held.account_id,
    identifier_held.kind,
    identifier_held.token,
    identifier_held.span_on,
    identifier_held.first_seen,
    identifier_held.last_seen,
    identifier_held.class
from identifier_held
semi join (
    select token
    from identifier_value
    where not suppressed
) as speaking
    on identifier_held.token = speaking.token
