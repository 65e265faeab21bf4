-- One row per shared kind and token: how many accounts hold it.
create or replace table identifier_accounts as
select
    kind,
    token,
    count(*) as accounts
from identifier_held
group by all
