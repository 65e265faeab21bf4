-- One row per order of a referred invitee, cap or bounty, as known now, in the order in which they are numbered.
create or replace table line_sorted as
with line as (
    select
        promoter_id, 'order' as line_kind, invitee_id, order_id, month, governing_document, net_fen, rate_ppm, rebate_fen,
        qualifies, clause
    from line_priced
    where standpoint = 0
    union all
    select
        promoter_id, line_kind, invitee_id, null, month, governing_document, 0, null, rebate_fen, true, null
    from line_extra
    where standpoint = 0
)

select
    promoter_id,
    line_kind,
    invitee_id,
    order_id,
    month,
    governing_document,
    cast(net_fen as bigint) as net_fen,
    cast(rate_ppm as bigint) as rate_ppm,
    cast(rebate_fen as bigint) as rebate_fen,
    qualifies,
    clause
from line
order by promoter_id, month, invitee_id nulls last, order_id nulls last, line_kind
