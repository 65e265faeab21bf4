-- One row per promoter and month, issued or provisional, as published.
create or replace table statements as
select
    promoter_id,
    month,
    status,
    new_paying_users,
    money(net_fen) as net_amount,
    money(rebate_fen) as rebate,
    money(adjustments_fen) as adjustments,
    money(carried_in_fen) as carried_in,
    money(released_fen) as released,
    money(clawback_added_fen) as clawback_added,
    money(offset_fen) as "offset",
    money(held_fen) as held,
    money(carried_out_fen) as carried_out,
    money(payable_fen) as payable,
    money(tax_estimate_fen) as tax_estimate
from statement
