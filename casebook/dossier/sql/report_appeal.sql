-- One row per appeal against a decision on a reported promoter, with its answer once there is one.
create or replace table report_appeal as
with event as (
    -- Filed: before is empty and after is the decision. Answered: before is the decision and after is the outcome.
    select
        item as appeal_id,
        before is null as filed,
        after,
        by_whom,
        reason,
        books_case_event.at as at_instant
    from books_case_event
    where kind = 'appeal'
),

answered as (
    select appeal_id, after as outcome, by_whom, reason, at_instant from event where not filed
)

select
    report_decision.promoter_id,
    event.appeal_id,
    event.after as decision_id,
    event.at_instant as filed_at,
    event.reason,
    coalesce(answered.outcome, 'waiting') as outcome,
    answered.at_instant as answered_at,
    answered.by_whom as answered_by,
    answered.reason as answer
from event
inner join report_decision on event.after = report_decision.decision_id
left join answered on event.appeal_id = answered.appeal_id
where event.filed
order by report_decision.promoter_id, event.at_instant, event.appeal_id
