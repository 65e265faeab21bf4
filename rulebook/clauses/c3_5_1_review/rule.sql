-- One row per promoter drawn into the audit sample: unknown, so that people look; nothing speaks against it.
select
    detector,
    detector_version,
    subject_kind,
    subject_id,
    promoter_id,
    case when flagged then 'unknown' else 'not_met' end as status,
    window_start,
    window_end,
    confidence,
    flagged,
    concat_ws(', ', nullif(array_to_string(reasons, ', '), ''), case when not flagged then 'not flagged' end) as reason,
    evidence
from detection
where clause = '3.5(1)'
