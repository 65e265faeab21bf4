-- One row per feed: what came in, what was kept, what was set aside and what waits.
create or replace table report_feed as
select
    feed,
    cast(sum(rows_in) as bigint) as rows_in,
    cast(sum(kept) as bigint) as kept,
    cast(sum(quarantined) as bigint) as quarantined,
    cast(sum(waiting) as bigint) as waiting,
    cast(sum(duplicates) as bigint) as duplicates
from feed_fact
group by all
order by feed
