-- One row per detection under 3.5(2), raised as `detected` says.
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
where clause = '3.5(2)'
