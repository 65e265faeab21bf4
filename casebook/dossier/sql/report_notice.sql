-- One row per notice or instruction that a decision on a reported promoter left for another system.
create or replace table report_notice as
with sent as (
    select instruction_id, kind, subject_id, decision_id, created_on, reply_by, amount_fen from books_instruction
    union
    select instruction_id, kind, subject_id, decision_id, created_on, reply_by, null as amount_fen from instruction
    union
    select instruction_id, kind, subject_id, decision_id, created_on, null as reply_by, amount_fen from settlement_instruction
)
select
    coalesce(report_decision.promoter_id, report_promoter.promoter_id) as promoter_id,
    sent.instruction_id,
    sent.kind,
    sent.subject_id,
    sent.decision_id,
    sent.created_on,
    sent.reply_by,
    sent.amount_fen
from sent
left join report_decision on sent.decision_id = report_decision.decision_id
left join report_promoter on sent.subject_id = report_promoter.promoter_id
where coalesce(report_decision.promoter_id, report_promoter.promoter_id) is not null
order by promoter_id, sent.created_on, sent.instruction_id
