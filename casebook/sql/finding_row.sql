-- One row per clause result of this run, with the finding that it belongs to.
-- Results with a window are one finding while their windows overlap, in this run and with the windows seen before.
create or replace table finding_row as
with span as (
    select
        clause,
        detector,
        subject_kind,
        subject_id,
        island_no,
        bool_or(windowed) as windowed,
        min(window_start) as span_start,
        max(coalesce(window_end, window_start)) as span_end
    from finding_island
    group by all
),

known as (
    select
        span.clause,
        span.detector,
        span.subject_kind,
        span.subject_id,
        span.island_no,
        known.finding_id,
        known.first_seen
    from span
    inner join books_finding as known
        using (clause, detector, subject_kind, subject_id)
    where
        not span.windowed
        or (span.span_start <= known.window_end and known.window_start <= span.span_end)
    -- Two findings that grow together go on as the older one.
    qualify row_number() over (
        partition by span.clause, span.detector, span.subject_kind, span.subject_id, span.island_no
        order by known.run_seq, known.window_start, known.finding_id
    ) = 1
)

select
    coalesce(
        known.finding_id,
        'F' || left(sha256(
            concat_ws(
                '|', island.clause, island.detector, island.subject_kind, island.subject_id,
                case when span.windowed then cast(span.span_start as varchar) end
            )
        ), 16)
    ) as finding_id,
    known.first_seen,
    island.clause,
    island.detector,
    island.detector_version,
    island.subject_kind,
    island.subject_id,
    coalesce(
        island.promoter_id, case when island.subject_kind = 'promoter' then island.subject_id end
    ) as promoter_id,
    island.status,
    case when island.windowed then island.window_start end as window_start,
    case when island.windowed then coalesce(island.window_end, island.window_start) end as window_end,
    island.confidence,
    island.reason,
    island.outcome,
    island.group_status,
    island.flagged,
    island.evidence
from finding_island as island
inner join span using (clause, detector, subject_kind, subject_id, island_no)
left join known using (clause, detector, subject_kind, subject_id, island_no)
