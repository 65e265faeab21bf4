-- One row per order of a referred invitee, cap or bounty, as published.
create or replace table statement_lines as
select
    promoter_id,
    line_kind,
    invitee_id,
    order_id,
    month,
    governing_document,
    money(net_fen) as net_amount,
    cast(cast(rate_ppm as decimal(9, 0)) * cast(0.000001 as decimal(6, 6)) as decimal(9, 6)) as rate,
    money(rebate_fen) as rebate,
    qualifies,
    clause,
    line_no
from statement_line
