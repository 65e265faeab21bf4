-- One row per detection under 3.5(1), the audit sample above all: raised when its detector flags it. A detection without
-- evidence to show goes to people, as all that are drawn at random do.
select
    detector,
    detector_version,
    subject_kind,
    subject_id,
    promoter_id,
    case when not flagged then 'not_met' when evidence in ('', '[]', '{}') then 'unknown' else 'met' end as status,
    window_start,
    window_end,
    confidence,
    flagged,
    concat_ws(', ', nullif(array_to_string(reasons, ', '), ''), case when not flagged then 'not flagged' end) as reason,
    evidence
from detection
where clause = '3.5(1)'
