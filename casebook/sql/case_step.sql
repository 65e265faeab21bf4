-- One row per event that this run adds to a case: a finding joins it, chance drew it, or its deadline passed.
create or replace table case_step as
select
    case_id,
    'finding' as kind,
    finding_id as item,
    cast(null as varchar) as before,
    finding_id as after,
    'the run found it' as reason
from case_finding
where new_here
union all
select
    case_id,
    'note' as kind,
    '' as item,
    cast(null as varchar) as before,
    cast(null as varchar) as after,
    'drawn at random (3.5(1)): decided without a score' as reason
from new_case
where blind = 1
union all
select
    p.case_id,
    'evidence' as kind,
    e.decision_id as item,
    e.evidence_sha256 as before,
    e.sha256_now as after,
    concat('decision ', e.decision_id, ' is void: ', e.change) as reason
from evidence_change as e
inner join (
    select
        item as finding_id,
        min(case_id) as case_id
    from books_case_event
    where kind = 'finding'
    group by all
) as p on e.finding_id = p.finding_id
union all
select
    case_id,
    'escalated' as kind,
    '' as item,
    cast(escalated_on as varchar) as before,
    cast($as_of as varchar) as after,
    'past its deadline of ' || cast(deadline_on as varchar) as reason
from books_case
where
    state not in ('decided', 'closed')
    and deadline_on < $as_of
    and (escalated_on is null or escalated_on <= deadline_on)
