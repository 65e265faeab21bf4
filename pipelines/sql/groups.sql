-- One row per account in a group of two or more, as published.
create or replace table groups as
select
    account_id,
    group_id,
    group_size,
    cohesion,
    status
from group_member
