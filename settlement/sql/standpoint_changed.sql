-- One row per changed promoter and state of knowledge between the last issue and now: 1 is what was known then,
-- 2 lets in refunds, 3 late rows, each further one decision more. The last (`is_now`) is what everybody was judged by already.
create or replace table standpoint_changed as
with last_one as (
    select
        c.promoter_id,
        3 + coalesce(max(d.let_in_no), 0) as last_no
    from changed_month as c
    left join changed_decision as d on c.promoter_id = d.promoter_id
    group by all
),

numbered as (
    select
        promoter_id,
        last_no,
        unnest(range(1, last_no + 1)) as standpoint
    from last_one
)

select
    standpoint,
    promoter_id,
    standpoint <= 2 as as_then,
    standpoint = 1 as refunds_as_then,
    standpoint = last_no as is_now
from numbered
