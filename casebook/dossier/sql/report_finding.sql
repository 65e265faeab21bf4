-- One row per open finding of a reported promoter, with the last verdict that an analyst gave.
create or replace table report_finding as
with last_verdict as (
    select
        finding_id,
        max_by(verdict, entry_no) as verdict,
        max_by(reason, entry_no) as verdict_reason,
        max_by(by_whom, entry_no) as verdict_by
    from books_verdict
    group by all
)
select
    coalesce(finding.promoter_id, finding.subject_id) as promoter_id,
    finding.finding_id,
    finding.status,
    finding.clause,
    finding.detector,
    finding.detector_version,
    finding.subject_kind,
    finding.subject_id,
    finding.confidence,
    finding.amount_at_stake_fen,
    finding.first_seen,
    finding.window_start,
    finding.window_end,
    finding.reason,
    finding.evidence,
    last_verdict.verdict,
    last_verdict.verdict_by,
    last_verdict.verdict_reason
from finding
left join last_verdict on finding.finding_id = last_verdict.finding_id
inner join report_promoter
    on report_promoter.promoter_id = coalesce(finding.promoter_id, finding.subject_id)
order by promoter_id asc, finding.amount_at_stake_fen desc, finding.finding_id asc
