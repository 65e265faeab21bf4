-- One row per order of a referred invitee, cap or bounty, as known now, numbered in their total order.
create or replace table statement_line as
select
    -- The place of a row in the sorted table: counting with a window would go row by row on one thread.
    rowid + 1 as line_no,
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
from line_sorted
