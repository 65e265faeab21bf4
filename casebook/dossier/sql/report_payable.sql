-- One row per part of an instalment of a reported promoter.
create or replace table report_payable as
select
    payable.promoter_id,
    payable.month,
    payable.instalment_no,
    payable.part_no,
    payable.due_on,
    payable.amount_fen,
    payable.payer,
    payable.status
from payable
inner join report_promoter on payable.promoter_id = report_promoter.promoter_id
order by payable.promoter_id, payable.month, payable.instalment_no, payable.part_no
