-- One row per finding of this run, as published: those of the casebook, and the payouts that settlement could not agree with.
create or replace table findings as
select
    finding_id,
    status,
    subject_kind,
    subject_id,
    promoter_id,
    clause,
    detector,
    detector_version,
    confidence,
    money(amount_at_stake_fen) as amount_at_stake,
    evidence,
    first_seen,
    reason
from finding
union all
select
    'F' || left(sha256(f.clause || '|settlement|' || f.subject_kind || '|' || f.payout_id), 16) as finding_id,
    'met' as status,
    f.subject_kind,
    f.subject_id,
    f.subject_id as promoter_id,
    f.clause,
    'settlement' as detector,
    '1' as detector_version,
    cast(1 as double) as confidence,
    cast(0 as decimal(18, 2)) as amount_at_stake,
    f.evidence,
    f.seen_on as first_seen,
    f.reason || ' ' || f.payout_id as reason
from settlement_finding as f
