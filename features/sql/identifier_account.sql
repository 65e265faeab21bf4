-- One row per account that holds a shared token, numbered in the order of the ids.
create or replace table identifier_account as
select
    account_id,
    row_number() over (order by account_id) as account_no
from (select distinct account_id from identifier_held) as holder
