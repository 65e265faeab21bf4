-- One row per recovery notice that this run leaves: an open balance that a claw_back or cancel_programme demands, once per
-- decision. What is asked for is the net cash received; the tax withheld on it is settled apart (4.4(1)).
create or replace table settlement_instruction as
with owed as (
    select
        promoter_id,
        cast(sum(case when debit_account = 'clawback_receivable' then amount_fen else 0 end)
            - sum(case when credit_account = 'clawback_receivable' then amount_fen else 0 end) as bigint) as open_fen,
        cast(sum(case when credit_account = 'cash' then amount_fen else 0 end) as bigint) as cash_fen,
        cast(sum(case when credit_account = 'tax_payable' then amount_fen else 0 end) as bigint) as tax_fen
    from all_posting
    group by all
),

demanded as (
    select
        'I' || left(sha256(d.decision_id || '|recovery_notice'), 16) as instruction_id,
        'recovery_notice' as kind,
        o.promoter_id as subject_id,
        d.decision_id,
        $as_of as created_on,
        -- Whole fen of cash in proportion, rounded down: never more than was received.
        cast(cast(least(o.open_fen, o.cash_fen + o.tax_fen) as hugeint) * o.cash_fen // (o.cash_fen + o.tax_fen) as bigint)
            as amount_fen
    from decision_known as d
    inner join owed as o on d.promoter_id = o.promoter_id
    where d.on_now and d.measure in ('claw_back', 'cancel_programme') and o.open_fen > 0 and o.cash_fen > 0
)

select
    d.instruction_id,
    d.kind,
    d.subject_id,
    d.decision_id,
    d.created_on,
    d.amount_fen
from demanded as d
anti join books_instruction as b on d.instruction_id = b.instruction_id
where d.amount_fen > 0
