-- One row per entry about a decision, in the order of the audit chain; what this run does stands last.
-- What a run did is told by the day up to which the run knows (run_day), never by the clock: a run over past days enters a
-- proposal later, by the clock, than the day on which it applies it. What a person did has the clock alone (at_instant).
create or replace table report_step as
with entry as (
    select
        event.decision_id,
        event.entry_no,
        event.action,
        event.by_whom,
        event.reason,
        case when event.run_seq is null then event.at end as at_instant,
        run.as_of as run_day
    from books_decision_event as event
    left join books_run as run on event.run_seq = run.run_seq
    union all
    select new_decision.decision_id, 1000000, 'propose', new_decision.proposed_by, new_decision.reason, null, $as_of
    from new_decision
    where new_decision.decision_id not in (select books_decision.decision_id from books_decision)
    union all
    select
        decision_id, 1000000 + row_number() over (partition by decision_id order by action), action, 'run', reason, null, $as_of
    from decision_step
)

select
    report_decision.promoter_id,
    entry.decision_id,
    row_number() over (partition by entry.decision_id order by entry.entry_no) as step_no,
    entry.action,
    entry.by_whom,
    entry.reason,
    entry.at_instant,
    entry.run_day
from entry
inner join report_decision on entry.decision_id = report_decision.decision_id
order by report_decision.promoter_id, entry.decision_id, step_no
