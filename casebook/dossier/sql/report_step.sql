-- One row per entry about a decision, in order; the steps of this run stand last.
create or replace table report_step as
with entry as (
    select decision_id, entry_no, action, by_whom, reason, books_decision_event.at as at_instant from books_decision_event
    union all
    select decision_id, 1000000 + row_number() over (partition by decision_id order by action), action, 'run', reason, null
    from decision_step
)
select
    report_decision.promoter_id,
    entry.decision_id,
    row_number() over (partition by entry.decision_id order by entry.entry_no) as step_no,
    entry.action,
    entry.by_whom,
    entry.reason,
    entry.at_instant
from entry
inner join report_decision on entry.decision_id = report_decision.decision_id
order by report_decision.promoter_id, entry.decision_id, step_no
