-- One row per part of an instalment with one status, as published.
create or replace table payables as
select
    promoter_id,
    month,
    instalment_no,
    due_on,
    money(amount_fen) as amount,
    payer,
    status,
    part_no
from payable
