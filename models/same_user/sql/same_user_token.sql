-- One row per token that some pair has in common and that may speak, numbered in the order of kinds and tokens.
create or replace table same_user_token as
with common as (
    select distinct token
    from same_user_common
)
select
    identifier_value.kind,
    identifier_value.token,
    identifier_value.mask,
    identifier_value.entities,
    row_number() over (order by identifier_value.kind, identifier_value.token) as token_no
from identifier_value
semi join common
    on identifier_value.token = common.token
where not identifier_value.suppressed
