-- One row per account, kind, token and span: the natural day for ip, the whole life for the other kinds. Of one slice of the
-- accounts, from $first (null: all that are before) to before $before (null: all that follow): the days seen of hundreds of
-- millions of sightings do not fit into memory at once.
create or replace table identifier_use as
with seen_day as (
    select
        account_id,
        kind,
        token,
        natural_day(observed_at, $zone) as seen_on,
        min(observed_at) as first_seen,
        max(observed_at) as last_seen,
        max(class) as class,
        max(mask) as mask
    from identifiers
    where links
        and ($first is null or account_id >= $first)
        and ($before is null or account_id < $before)
    group by all
)
select
    account_id,
    kind,
    token,
    case when kind = 'ip' then seen_on else date '0001-01-01' end as span_on,
    min(first_seen) as first_seen,
    max(last_seen) as last_seen,
    count(*) as days_seen,
    max(class) as class,
    max(mask) as mask
from seen_day
group by all
