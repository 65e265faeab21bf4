-- One row per promoter who gets statements, with the instant of its first joining.
-- Who once had a statement keeps getting them, whatever the feed says by now: what was posted must still come out even.
create or replace table promoter_known as
with seen as (
    select
        promoter_id,
        joined_at
    from promoters
    union all
    select
        s.promoter_id,
        day_start(cast(s.month || '-01' as date), $zone) as joined_at
    from books_statement as s
)

select
    promoter_id,
    min(joined_at) as joined_at
from seen
group by all
