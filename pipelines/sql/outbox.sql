-- One row per instruction to another system: those of earlier runs out of the books, and this run's.
create or replace table outbox as
with sent as (
    select
        instruction_id,
        kind,
        subject_id,
        decision_id,
        created_on,
        reply_by,
        amount_fen
    from books_instruction
    union all
    select
        instruction_id,
        kind,
        subject_id,
        decision_id,
        created_on,
        reply_by,
        null
    from instruction
    union all
    select
        instruction_id,
        kind,
        subject_id,
        decision_id,
        created_on,
        null,
        amount_fen
    from settlement_instruction
),

-- The id of what calls an instruction back is made from the id of that instruction.
called_back as (
    select
        instruction_id as cancels,
        calling_back(instruction_id) as instruction_id
    from sent
)

select
    s.instruction_id,
    s.kind,
    s.subject_id,
    s.decision_id,
    s.created_on,
    s.reply_by,
    money(s.amount_fen) as amount,
    c.cancels
from sent as s
left join called_back as c on s.instruction_id = c.instruction_id
