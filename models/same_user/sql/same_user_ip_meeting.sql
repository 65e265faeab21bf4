-- One row per pair, shared ip and day of the one's use: the other's nearest use before or after it. gap_hours is 0 on one day.
create or replace table same_user_ip_meeting as
with used as (
    select
        same_user_shared.a,
        same_user_shared.b,
        same_user_shared.token_no,
        same_user_ip_day.span_on,
        same_user_ip_day.first_seen,
        same_user_ip_day.last_seen,
        same_user_ip_day.entities
    from same_user_shared
    inner join same_user_ip_day
        on same_user_shared.a = same_user_ip_day.account_no and same_user_shared.token_no = same_user_ip_day.token_no
    where same_user_shared.kind = 'ip'
),
other as (
    select
        account_no,
        token_no,
        span_on,
        first_seen,
        last_seen,
        entities
    from same_user_ip_day
)
select
    used.a,
    used.b,
    used.token_no,
    used.span_on - other.span_on as gap_days,
    case when gap_days = 0 then 0 else date_sub('hour', other.last_seen, used.first_seen) end as gap_hours,
    greatest(used.entities, other.entities) as entities
from used
asof join other
    on used.b = other.account_no and used.token_no = other.token_no and used.span_on >= other.span_on
union
select
    used.a,
    used.b,
    used.token_no,
    other.span_on - used.span_on as gap_days,
    case when gap_days = 0 then 0 else date_sub('hour', used.last_seen, other.first_seen) end as gap_hours,
    greatest(used.entities, other.entities) as entities
from used
asof join other
    on used.b = other.account_no and used.token_no = other.token_no and used.span_on <= other.span_on
