-- One row per instruction to another system: those of earlier runs out of the books, and this run's.
create or replace table outbox as
select
    instruction_id,
    kind,
    subject_id,
    decision_id,
    created_on,
    reply_by
from books_instruction
union all
select
    instruction_id,
    kind,
    subject_id,
    decision_id,
    created_on,
    reply_by
from instruction
union all
select
    instruction_id,
    kind,
    subject_id,
    decision_id,
    created_on,
    cast(null as date) as reply_by
from settlement_instruction
