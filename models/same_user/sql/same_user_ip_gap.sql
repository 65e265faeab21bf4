-- One row per pair and shared ip: the fewest days between a use by the one and a use by the other.
create or replace table same_user_ip_gap as
with used as (
    select
        same_user_shared.a,
        same_user_shared.b,
        same_user_shared.token_no,
        same_user_ip_day.span_on
    from same_user_shared
    inner join same_user_ip_day
        on same_user_shared.a = same_user_ip_day.account_no and same_user_shared.token_no = same_user_ip_day.token_no
    where same_user_shared.kind = 'ip'
),
other as (
    select
        account_no,
        token_no,
        span_on
    from same_user_ip_day
),
earlier as (
    select
        used.a,
        used.b,
        used.token_no,
        min(used.span_on - other.span_on) as gap_days
    from used
    asof join other
        on used.b = other.account_no and used.token_no = other.token_no and used.span_on >= other.span_on
    group by all
),
later as (
    select
        used.a,
        used.b,
        used.token_no,
        min(other.span_on - used.span_on) as gap_days
    from used
    asof join other
        on used.b = other.account_no and used.token_no = other.token_no and used.span_on <= other.span_on
    group by all
)
select
    a,
    b,
    token_no,
    min(gap_days) as gap_days
from (
    select
        a,
        b,
        token_no,
        gap_days
    from earlier
    union all
    select
        a,
        b,
        token_no,
        gap_days
    from later
) as both_ways
group by all
