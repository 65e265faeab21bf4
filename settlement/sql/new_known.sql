-- One row per promoter and earning month whose known orders or refunds changed since the last issue that recorded them.
create or replace table new_known as
with gathered as (
    select
        o.promoter_id,
        o.month,
        -- One text per month, cut again to be sorted, takes half of the time of a list of texts; JSON has no raw chr(1).
        string_agg(cast(to_json(o.order_id) as varchar) || ':' || (o.cash_fen - o.net_fen), chr(1)) as entries
    from order_basis as o
    semi join promoter_known as p on o.promoter_id = p.promoter_id
    where exists (select 1 from programme_month where issues_now)
    group by all
),

known as (
    select
        promoter_id,
        month,
        '{' || array_to_string(list_sort(string_split(entries, chr(1))), ',') || '}' as order_ids
    from gathered
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
    k.promoter_id,
    k.month,
    k.order_ids
from known as k
left join before as b on k.promoter_id = b.promoter_id and k.month = b.month
where k.order_ids is distinct from b.order_ids
