-- One row per instruction that this run leaves for another system.
-- A measure acts once its decision is on; a proposed irreversible one sends a notice; what was overturned or has ended
-- is called back, instruction by instruction.
create or replace table instruction as
with acting as (
    select
        decision_id,
        measure as kind,
        case
            when measure in ('freeze_invitee', 'reverse_transaction') then subject_id
            else coalesce(promoter_id, subject_id)
        end as subject_id
    from decision
    where
        status = 'applied'
        and effective_from <= $cutoff_at
        and (effective_to is null or effective_to > $cutoff_at)
        and (
            measure in ('warn', 'freeze_promoter', 'freeze_invitee', 'reverse_transaction')
            -- Suspended payouts are held here; other functions are another system's.
            or (measure = 'suspend_functions' and coalesce(lower(trim(functions)), '') <> 'payout')
        )
),

noticed as (
    select
        decision_id,
        'notice' as kind,
        coalesce(promoter_id, subject_id) as subject_id
    from decision
    where
        status in ('proposed', 'approved')
        and measure in (
            'cancel_rebate', 'reverse_transaction', 'claw_back', 'freeze_promoter', 'freeze_invitee', 'cancel_programme'
        )
),

called_back as (
    select
        i.decision_id,
        'cancel_instruction' as kind,
        i.subject_id,
        i.instruction_id as cancels
    from books_instruction as i
    inner join decision as d on i.decision_id = d.decision_id
    where
        i.kind not in ('notice', 'cancel_instruction')
        and (
            d.status = 'overturned'
            or (i.kind in ('suspend_functions', 'freeze_promoter', 'freeze_invitee') and d.effective_to <= $cutoff_at)
        )
),

reply as (
    select coalesce(max(notice_days), 7) as notice_days
    from policy_rule
    where effective_from = (select max(p.effective_from) from policy_rule as p where p.effective_from <= $as_of)
),

wanted as (
    select
        'I' || left(sha256(decision_id || '|' || kind), 16) as instruction_id,
        kind,
        subject_id,
        decision_id
    from acting
    union all
    select
        'I' || left(sha256(decision_id || '|' || kind), 16) as instruction_id,
        kind,
        subject_id,
        decision_id
    from noticed
    union all
    select
        calling_back(cancels) as instruction_id,
        kind,
        subject_id,
        decision_id
    from called_back
)

select
    w.instruction_id,
    w.kind,
    w.subject_id,
    w.decision_id,
    $as_of as created_on,
    case when w.kind = 'notice' then cast($as_of + r.notice_days * interval 1 day as date) end as reply_by
from wanted as w
cross join reply as r
anti join books_instruction as b on w.instruction_id = b.instruction_id
