-- One row per decision that this run takes or proposes: by policy on a finding, or the hold that quarantined money needs.
create or replace table new_decision as
with wanted as (
    select
        'D' || left(sha256(finding_id || '|' || measure), 16) as decision_id,
        finding_id,
        subject_kind,
        subject_id,
        promoter_id,
        clause,
        measure,
        applied,
        month,
        amount_fen,
        reason,
        needed
    from policy_decision
    union all
    -- A person who ended such a hold has decided; a run that saw the rows mended has not.
    select
        'D' || left(sha256(
            concat_ws('|', '3.5(1)', promoter_id, coalesce(month, ''), cast(holds_so_far + 1 as varchar), 'hold_payout')
        ), 16) as decision_id,
        null as finding_id,
        'promoter' as subject_kind,
        promoter_id as subject_id,
        promoter_id,
        '3.5(1)' as clause,
        'hold_payout' as measure,
        true as applied,
        month,
        null as amount_fen,
        concat(bad_rows, ' rows about money are quarantined: ', rules) as reason,
        0 as needed
    from quarantine_hold
    where bad_rows > 0 and (run_hold_id is null or mended_before)
        and not stands
)

select
    w.decision_id,
    w.finding_id,
    w.subject_kind,
    w.subject_id,
    w.promoter_id,
    w.clause,
    w.measure,
    case when w.applied then 'applied' else 'proposed' end as status,
    $cutoff_at as effective_from,
    cast(null as timestamptz) as effective_to,
    w.month,
    cast(w.amount_fen as bigint) as amount_fen,
    cast(null as varchar) as functions,
    'policy' as decided_by,
    w.reason,
    'policy' as proposed_by,
    $as_of as proposed_on,
    cast(w.needed as bigint) as needed,
    f.sha256 as evidence_sha256
from wanted as w
left join finding_fact as f on w.finding_id = f.finding_id
