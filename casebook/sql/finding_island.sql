-- One row per clause result of this run, numbered by the island of overlapping windows that it stands in.
create or replace table finding_island as
with result as (
    select
        *,
        window_start > date '0001-01-01' as windowed,
        max(coalesce(window_end, window_start)) over (
            partition by clause, detector, subject_kind, subject_id
            order by window_start, window_end
            rows between unbounded preceding and 1 preceding
        ) as end_before
    from clause_result
)

select
    clause,
    detector,
    detector_version,
    subject_kind,
    subject_id,
    promoter_id,
    status,
    window_start,
    window_end,
    windowed,
    confidence,
    reason,
    outcome,
    group_status,
    flagged,
    evidence,
    sum(case when windowed and window_start <= end_before then 0 else 1 end) over (
        partition by clause, detector, subject_kind, subject_id
        order by window_start, window_end
        rows unbounded preceding
    ) as island_no
from result
