-- One row per decision on a reported promoter, with who proposed it and how many approvals it has and needs.
create or replace table report_decision as
with entered as (
    select decision_id, proposed_by, proposed_on, approvals, needed from books_decision
    union all
    select new_decision.decision_id, new_decision.proposed_by, new_decision.proposed_on, 0, new_decision.needed
    from new_decision
    where new_decision.decision_id not in (select books_decision.decision_id from books_decision)
),
effect as (
    -- What the decision moved in the ledger: below zero takes rebate away from the promoter.
    select
        cause as decision_id,
        cast(sum(
            case
                when debit_account = 'programme_expense' then amount_fen
                when credit_account = 'programme_expense' then -amount_fen
                else 0
            end
        ) as bigint) as posted_fen
    from (
        select cause, debit_account, credit_account, amount_fen from books_posting
        union all
        select cause, debit_account, credit_account, amount_fen from new_posting
    ) as posting
    group by all
)
select
    coalesce(decision.promoter_id, decision.subject_id) as promoter_id,
    decision.decision_id,
    decision.finding_id,
    decision.clause,
    decision.measure,
    decision.status,
    decision.subject_kind,
    decision.subject_id,
    decision.effective_from,
    decision.effective_to,
    decision.month,
    decision.amount_fen,
    decision.functions,
    decision.decided_by,
    decision.reason,
    entered.proposed_by,
    entered.proposed_on,
    entered.approvals,
    entered.needed,
    case when decision.applied_seq = $run_seq then $as_of else applied.as_of end as applied_on,
    case when decision.overturned_seq = $run_seq then $as_of else overturned.as_of end as overturned_on,
    coalesce(effect.posted_fen, 0) as posted_fen
from decision
left join entered on decision.decision_id = entered.decision_id
left join effect on decision.decision_id = effect.decision_id
left join books_run as applied on decision.applied_seq = applied.run_seq
left join books_run as overturned on decision.overturned_seq = overturned.run_seq
inner join report_promoter
    on report_promoter.promoter_id = coalesce(decision.promoter_id, decision.subject_id)
order by promoter_id, decision.clause, decision.measure, decision.decision_id
