-- One row per decision that policy takes or proposes now: once per finding and measure, whatever became of it before.
create or replace table policy_decision as
with wanted as (
    select
        finding_id,
        clause,
        measure,
        subject_kind,
        subject_id,
        promoter_id,
        month,
        applied,
        case when applied then 0 when two_people or takes_back then 2 else 1 end as needed,
        case when measure in ('void_relation', 'void_order', 'reverse_transaction', 'cancel_rebate')
            then amount_at_stake_fen end as amount_fen,
        reason || case when takes_back then ' (paid already: for two people)' else '' end as reason,
        0 as origin
    from policy_measure
    union all
    select
        finding_id,
        '4.4(1)' as clause,
        'claw_back' as measure,
        subject_kind,
        subject_id,
        promoter_id,
        null as month,
        false as applied,
        2 as needed,
        cast(sum(paid_back_fen) as bigint) as amount_fen,
        'what was paid is demanded back with it: ' || min(reason) as reason,
        1 as origin
    from policy_measure
    where takes_back
    group by finding_id, subject_kind, subject_id, promoter_id
)

select
    w.finding_id,
    w.clause,
    w.measure,
    w.subject_kind,
    w.subject_id,
    w.promoter_id,
    w.month,
    w.applied,
    w.needed,
    w.amount_fen,
    w.reason
from wanted as w
anti join books_decision as b on w.finding_id = b.finding_id and w.measure = b.measure
qualify row_number() over (partition by w.finding_id, w.measure order by w.origin) = 1
