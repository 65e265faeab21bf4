-- One row per account, token that two or more accounts hold, and span: what linkage reads.
create or replace table identifier_holder as
select
    identifier_use.account_id,
    identifier_use.kind,
    identifier_use.token,
    identifier_use.span_on,
    identifier_use.first_seen,
    identifier_use.last_seen,
    identifier_use.class,
    identifier_use.mask
from identifier_use
semi join identifier_repeated
    on identifier_use.token = identifier_repeated.token
