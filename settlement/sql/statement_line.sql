-- Adds one row per order of a referred invitee, cap or bounty, as known now, in their total order: those of the promoters from
-- $first_id up to $end_id. The place of a row in the table is its number.
insert into statement_line
with line as (
    select
        promoter_id, 'order' as line_kind, invitee_id, order_id, month, governing_document, net_fen, rate_ppm, rebate_fen,
        qualifies, clause
    from line_priced
    where standpoint = 0 and promoter_id >= $first_id and ($end_id is null or promoter_id < $end_id)
    union all
    select
        promoter_id, line_kind, invitee_id, null, month, governing_document, 0, null, rebate_fen, true, null
    from line_extra
    where standpoint = 0 and promoter_id >= $first_id and ($end_id is null or promoter_id < $end_id)
)

select
    promoter_id,
    line_kind,
    invitee_id,
    order_id,
    month,
    governing_document,
    net_fen,
    rate_ppm,
    rebate_fen,
    qualifies,
    clause
from line
order by promoter_id, month, invitee_id nulls last, order_id nulls last, line_kind
