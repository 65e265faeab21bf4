-- One row per kind and token that two or more accounts hold: every other token is pruned here, exactly.
create or replace table identifier_shared as
select
    kind,
    token,
    max(mask) as mask
from identifier_use
group by kind, token
having min(account_id) <> max(account_id)
