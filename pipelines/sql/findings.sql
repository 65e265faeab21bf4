-- One row per finding of this run, as published.
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
