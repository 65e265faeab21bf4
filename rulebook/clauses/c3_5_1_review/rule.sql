-- One row per detection under 3.5(1), the audit sample above all, raised as `detected` says; what was drawn at random goes
-- to people.
select
    detector,
    detector_version,
    subject_kind,
    subject_id,
    promoter_id,
    status,
    window_start,
    window_end,
    confidence,
    flagged,
    reason,
    evidence
from detected
where clause = '3.5(1)'
