-- One row per step of this run on a decision: what was approved is applied, what waits on evidence that has changed is void,
-- what was overturned is taken note of,
-- a hold whose rows are mended ends, and a hold that nobody decided on for its days goes up to somebody who will.
create or replace table decision_step as
with rule_days as (
    select
        clause,
        measure,
        min(days) as days
    from policy_rule
    where
        days is not null
        and policy_no = (
            select max(p.policy_no) from policy_rule as p
            where p.effective_from = (select max(q.effective_from) from policy_rule as q where q.effective_from <= $as_of)
        )
    group by all
),

human as (
    select
        d.finding_id,
        d.decision_id
    from books_decision as d
    inner join books_decision_event as e on d.decision_id = e.decision_id
    where e.run_seq is null and e.action in ('approve', 'reject', 'overturn')
),

approved as (
    select b.decision_id
    from books_decision as b
    anti join evidence_change as c on b.decision_id = c.decision_id
    where b.status = 'approved'
),

overdue as (
    select
        b.decision_id,
        b.effective_from,
        coalesce(r.days, 60) as days
    from books_decision as b
    left join rule_days as r on b.clause = r.clause and b.measure = r.measure
    anti join human as h on b.finding_id = h.finding_id and b.decision_id <> h.decision_id
    anti join books_decision_event as e on b.decision_id = e.decision_id and e.action = 'escalate'
    where
        b.measure in ('hold_payout', 'suspend_functions')
        and b.status in ('approved', 'applied')
        and b.effective_from <= $cutoff_at
        and (b.effective_to is null or b.effective_to > $cutoff_at)
        and date_diff('day', natural_day(b.effective_from, $zone), natural_day($cutoff_at, $zone)) >= coalesce(r.days, 60)
)

select
    decision_id,
    'apply' as action,
    'approved' as reason,
    cast(null as timestamptz) as effective_to
from approved
union all
select
    decision_id,
    'reject' as action,
    change || ' since it was proposed: propose it again' as reason,
    cast(null as timestamptz) as effective_to
from evidence_change
union all
select
    decision_id,
    'apply' as action,
    'by policy' as reason,
    cast(null as timestamptz) as effective_to
from new_decision
where status = 'applied'
union all
select
    decision_id,
    'see_overturned' as action,
    'overturned' as reason,
    cast(null as timestamptz) as effective_to
from books_decision
where status = 'overturned' and overturned_seq is null
union all
select
    run_hold_id as decision_id,
    'end' as action,
    'the quarantined rows are mended' as reason,
    $cutoff_at as effective_to
from quarantine_hold
where stands and bad_rows = 0
union all
select
    decision_id,
    'escalate' as action,
    concat(days, ' days without a decision') as reason,
    cast(null as timestamptz) as effective_to
from overdue
