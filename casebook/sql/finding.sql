-- One row per open finding of this run, with the money that hangs on it.
create or replace table finding as
with stake as (
    select
        finding_id,
        cast(sum(stake_fen) as bigint) as stake_fen
    from finding_month
    group by all
)

select
    f.finding_id,
    f.status,
    f.subject_kind,
    f.subject_id,
    f.promoter_id,
    f.clause,
    f.detector,
    f.detector_version,
    f.confidence,
    coalesce(s.stake_fen, 0) as amount_at_stake_fen,
    f.evidence,
    f.first_seen,
    f.window_start,
    f.window_end,
    f.reason
from open_finding as f
left join stake as s on f.finding_id = s.finding_id
