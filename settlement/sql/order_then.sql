-- One row per order of a changed promoter's invitee that the last issue knew, with what was refunded of it then.
create or replace table order_then as
with newest as (
    select
        promoter_id,
        month,
        max_by(order_ids, run_seq) as order_ids
    from books_known
    semi join changed_month as c on books_known.promoter_id = c.promoter_id
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
