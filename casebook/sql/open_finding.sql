-- One row per finding of this run: the strongest of its results speaks for it, its window covers all of them.
create or replace table open_finding as
with ranked as (
    select
        *,
        min(window_start) over (partition by finding_id) as first_start,
        max(window_end) over (partition by finding_id) as last_end,
        row_number() over (
            partition by finding_id
            order by
                case status when 'met' then 0 else 1 end,
                coalesce(flagged, false) desc,
                confidence desc,
                window_start,
                window_end,
                promoter_id
        ) as place
    from finding_row
)

select
    finding_id,
    clause,
    detector,
    detector_version,
    subject_kind,
    subject_id,
    promoter_id,
    status,
    first_start as window_start,
    last_end as window_end,
    coalesce(first_seen, $as_of) as first_seen,
    confidence,
    reason,
    outcome,
    group_status,
    flagged,
    evidence
from ranked
where place = 1
