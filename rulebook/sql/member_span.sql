-- One row per membership, field of the account and span of instants with one value within it: `met` where the value is not
-- `individual`, unknown where the history of changes contradicts itself.
create or replace table member_span as
select
    m.promoter_id,
    s.field,
    s.value,
    s.from_at <= m.joined_at as at_joining,
    greatest(s.from_at, m.joined_at) as since_at,
    strftime(natural_day(greatest(s.from_at, m.joined_at), $zone), '%Y-%m-%d') as since,
    case when s.contradicts then 'unknown' when s.value = 'individual' then 'not_met' else 'met' end as status
from membership as m
inner join account_span as s
    on
        m.promoter_id = s.account_id
        and s.from_at < coalesce(m.left_at, $cutoff_at)
        and (s.to_at is null or s.to_at > m.joined_at)
