-- One row per recovery notice that this run leaves: an open balance that a claw_back or cancel_programme demands (4.4(1)).
-- What was demanded before and is still open is not demanded again. A claw_back leaves one notice; after a
-- cancel_programme, after which little is earned, each growth of the balance leaves another.
-- What is asked for is the net cash received; the tax withheld on it is settled apart.
create or replace table settlement_instruction as
with stands as (
    select
        i.decision_id,
        i.subject_id as promoter_id,
        i.run_seq
    from books_instruction as i
    left join decision_known as d on i.decision_id = d.decision_id
    where i.kind = 'recovery_notice' and coalesce(d.on_now, true)
),

last_notice as (
    select
        promoter_id,
        max(run_seq) as run_seq
    from stands
    group by all
),

owed as (
    select
        a.promoter_id,
        cast(sum(case when a.debit_account = 'clawback_receivable' then a.amount_fen else 0 end) as bigint) as added_fen,
        cast(sum(case when a.credit_account = 'clawback_receivable' then a.amount_fen else 0 end) as bigint) as settled_fen,
        cast(coalesce(sum(a.amount_fen) filter (
            where a.debit_account = 'clawback_receivable' and a.run_seq <= n.run_seq
        ), 0) as bigint) as demanded_fen,
        cast(sum(case
            when a.credit_account = 'cash' then a.amount_fen when a.debit_account = 'cash' then -a.amount_fen else 0
        end) as bigint) as cash_fen,
        cast(sum(case
            when a.credit_account = 'tax_payable' then a.amount_fen
            when a.debit_account = 'tax_payable' then -a.amount_fen
            else 0
        end) as bigint) as tax_fen
    from all_posting as a
    left join last_notice as n on a.promoter_id = n.promoter_id
    group by a.promoter_id
),

open_balance as (
    select
        *,
        -- What was added first is settled first.
        least(added_fen - greatest(settled_fen, demanded_fen), cash_fen + tax_fen) as fresh_fen
    from owed
    where cash_fen > 0 and added_fen > greatest(settled_fen, demanded_fen)
),

demanding as (
    select
        d.promoter_id,
        min(d.decision_id) as decision_id
    from decision_known as d
    anti join stands as s on d.decision_id = s.decision_id and d.measure = 'claw_back'
    where d.on_now and d.measure in ('claw_back', 'cancel_programme')
    group by all
),

demanded as (
    select
        'I' || left(sha256(concat_ws('|', d.decision_id, 'recovery_notice', o.added_fen)), 16) as instruction_id,
        'recovery_notice' as kind,
        o.promoter_id as subject_id,
        d.decision_id,
        $as_of as created_on,
        -- Whole fen of cash in proportion, rounded down: never more than was received.
        cast(cast(o.fresh_fen as hugeint) * o.cash_fen // (o.cash_fen + o.tax_fen) as bigint) as amount_fen
    from demanding as d
    inner join open_balance as o on d.promoter_id = o.promoter_id
)

select
    instruction_id,
    kind,
    subject_id,
    decision_id,
    created_on,
    amount_fen
from demanded
where amount_fen > 0
