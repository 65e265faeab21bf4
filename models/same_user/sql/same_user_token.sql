-- One row per shared kind and token that may speak, numbered in their order.
create or replace table same_user_token as
select
    kind,
    token,
    mask,
    accounts,
    entities,
    row_number() over (order by kind, token) as token_no
from identifier_value
where not suppressed and accounts >= 2
