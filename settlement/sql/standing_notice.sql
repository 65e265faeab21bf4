-- One row per recovery notice of an earlier run that stands: its decision was not overturned, and it was not called back.
create or replace table standing_notice as
select
    i.instruction_id,
    i.subject_id as promoter_id,
    i.decision_id,
    i.run_seq,
    coalesce(i.amount_fen, 0) as amount_fen,
    calling_back(i.instruction_id) as calling_back
from books_instruction as i
left join decision as d on i.decision_id = d.decision_id
anti join books_instruction as b
    on calling_back(i.instruction_id) = b.instruction_id
where i.kind = 'recovery_notice' and coalesce(d.status, '') <> 'overturned'
