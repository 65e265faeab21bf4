-- One row per case about a reported promoter, those that this run opens included.
create or replace table report_case as
with told as (
    select case_id, subject_id, promoter_id, opened_on, deadline_on, state, owner, escalated_on, blind
    from books_case
    union all
    select case_id, subject_id, promoter_id, opened_on, deadline_on, 'open' as state, null as owner, null as escalated_on, blind
    from new_case
)
select
    report_promoter.promoter_id,
    told.case_id,
    told.opened_on,
    told.deadline_on,
    told.state,
    told.owner,
    told.escalated_on,
    told.blind
from told
inner join report_promoter on coalesce(told.promoter_id, told.subject_id) = report_promoter.promoter_id
order by report_promoter.promoter_id, told.opened_on, told.case_id
