-- One row per promoter and month: counts, net amount and entitlement as known now.
create or replace table month_now as
select
    promoter_id,
    month,
    new_paying_users,
    net_fen,
    entitlement_fen
from month_entitled
where standpoint = 0
