-- One row per promoter and earning month whose known orders or refunds changed since the last issue that recorded them.
create or replace table new_known as
with known as (
    select
        o.promoter_id,
        o.month,
        list({'key': o.order_id, 'value': o.cash_fen - o.net_fen} order by o.order_id) as entries
    from order_basis as o
    semi join promoter_known as p on o.promoter_id = p.promoter_id
    group by all
),

written as (
    select
        promoter_id,
        month,
        cast(to_json(map_from_entries(entries)) as varchar) as order_ids
    from known
),

before as (
    select
        promoter_id,
        month,
        max_by(order_ids, run_seq) as order_ids
    from books_known
    group by all
)

select
    w.promoter_id,
    w.month,
    w.order_ids
from written as w
left join before as b on w.promoter_id = b.promoter_id and w.month = b.month
where w.order_ids is distinct from b.order_ids and exists (select 1 from programme_month where issues_now)
