-- One row per decision in its latest state, as published.
create or replace table decisions as
select
    decision_id,
    finding_id,
    subject_kind,
    subject_id,
    promoter_id,
    clause,
    measure,
    status,
    effective_from,
    effective_to,
    month,
    money(amount_fen) as amount,
    functions,
    decided_by,
    reason
from decision
