-- One row per detection, as its clause takes it: raised when its detector flags it. A detection whose evidence is no longer
-- there to be shown goes to people.
create or replace table detected as
select
    clause,
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
