-- One row per order of the promoters involved that the last issue knew, with what was refunded of it then.
create or replace table order_then as
with newest as (
    select
        b.promoter_id,
        b.month,
        max_by(b.order_ids, b.run_seq) as order_ids
    from books_known as b
    semi join involved_account as a on b.promoter_id = a.promoter_id
    group by all
),

entry as (
    select unnest(map_entries(cast(cast(order_ids as json) as map(varchar, bigint)))) as entry
    from newest
)

select
    entry['key'] as order_id,
    entry['value'] as refunded_fen
from entry
