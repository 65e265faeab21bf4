-- One row per finding that people must see, with the case that it is or will be in.
-- What policy applied by itself needs nobody, but a hold does: it waits for a decision. That a relation was never
-- established or ended (2.2(1), 2.2(2), 2.2(4), 2.3) is a rule and needs no decision either, unless it is unknown.
create or replace table case_finding as
with last_verdict as (
    select
        finding_id,
        verdict
    from books_verdict
    qualify row_number() over (partition by finding_id order by entry_no desc) = 1
),

-- A proposal that changed evidence made void settles nothing: the finding waits for a new one.
voided as (
    select decision_id
    from evidence_change
    union
    select decision_id
    from books_decision_event
    where action = 'reject' and run_seq is not null
),

settled as (
    select finding_id
    from decision
    anti join voided using (decision_id)
    where finding_id is not null
    group by finding_id
    having bool_and(
        status in ('rejected', 'overturned')
        or (status = 'applied' and measure not in ('hold_payout', 'suspend_functions'))
    )
),

placed as (
    select
        item as finding_id,
        case_id
    from books_case_event
    where kind = 'finding'
    qualify row_number() over (partition by item order by case_id) = 1
),

open_case as (
    select
        subject_kind,
        subject_id,
        max(case_id) filter (where state <> 'closed') as open_case_id,
        count(*) as cases_so_far
    from books_case
    group by all
),

subject as (
    select
        f.finding_id,
        f.detector,
        f.promoter_id,
        case
            when f.subject_kind = 'ring' then 'ring' when f.promoter_id is not null then 'promoter' else f.subject_kind
        end as case_kind,
        case when f.subject_kind = 'ring' then f.subject_id else coalesce(f.promoter_id, f.subject_id) end as case_subject
    from finding as f
    anti join settled as s on f.finding_id = s.finding_id
    anti join (select * from last_verdict where verdict = 'false_alarm') as v on f.finding_id = v.finding_id
    where
        f.status = 'unknown'
        or (f.clause not in ('2.2(1)', '2.2(2)', '2.2(4)') and not starts_with(f.clause, '2.3'))
)

select
    s.finding_id,
    s.detector,
    s.promoter_id,
    s.case_kind,
    s.case_subject,
    p.case_id is null as new_here,
    p.case_id is null and c.open_case_id is null as opens,
    coalesce(
        p.case_id,
        c.open_case_id,
        'C' || left(sha256(concat_ws('|', s.case_kind, s.case_subject, cast(coalesce(c.cases_so_far, 0) + 1 as varchar))), 16)
    ) as case_id
from subject as s
left join placed as p on s.finding_id = p.finding_id
left join open_case as c on s.case_kind = c.subject_kind and s.case_subject = c.subject_id
