-- One row per promoter who gets statements, with the instant of its first joining.
-- A promoter whose row has gone from the feed keeps getting them: what was posted must still come out even.
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
    anti join promoters as p on s.promoter_id = p.promoter_id
)

select
    promoter_id,
    min(joined_at) as joined_at
from seen
group by all
