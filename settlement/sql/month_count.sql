-- One row per standpoint, promoter and month: what the tiers look at (4.1).
create or replace table month_count as
with part as (
    select
        standpoint,
        promoter_id,
        month,
        0 as users,
        net_fen
    from line_judged
    where qualifies
    union all
    select
        standpoint,
        promoter_id,
        month,
        1 as users,
        0 as net_fen
    from user_judged
    where counts and own
)

select
    standpoint,
    promoter_id,
    month,
    cast(sum(users) as bigint) as new_paying_users,
    cast(sum(net_fen) as bigint) as net_fen
from part
group by all
