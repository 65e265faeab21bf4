-- One row per clause and subject that is met or unknown: met before unknown (precedence.py, line 8).
create or replace table clause_result as
select
    clause,
    detector,
    detector_version,
    subject_kind,
    subject_id,
    promoter_id,
    status,
    coalesce(window_start, date '0001-01-01') as window_start,
    window_end,
    round(coalesce(confidence, case when status = 'met' then 1.0 else 0.5 end), 6) as confidence,
    reason,
    outcome,
    group_status,
    flagged,
    coalesce(evidence, '{}') as evidence
from clause_seen
qualify row_number() over (
    partition by clause, detector, subject_kind, subject_id, coalesce(window_start, date '0001-01-01')
    order by status = 'met' desc, window_end desc nulls last, confidence desc nulls last, reason, evidence
) = 1
