-- One row per instalment that was requested and is neither paid nor held, as if it were paid on its due date, or on the
-- as_of day where that is over (4.4(3)).
create or replace table payment_plan as
with requested as (
    select
        promoter_id,
        month,
        instalment_no,
        due_on,
        payer,
        concat_ws('|', '~', promoter_id, month, lpad(cast(instalment_no as varchar), 4, '0')) as payout_id
    from payable
    where status = 'requested'
)

select
    r.promoter_id,
    r.month,
    r.instalment_no,
    r.due_on,
    r.payer,
    t.gross_fen,
    t.expected_fen as tax_fen,
    t.gross_fen - t.expected_fen as net_fen,
    not t.documented as blocked
from requested as r
inner join payout_tax as t on r.payout_id = t.payout_id and t.planned
