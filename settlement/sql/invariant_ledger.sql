-- One row per promise of the ledger and the statements that does not hold, with one example. Reads published tables alone.
create or replace table invariant_ledger as
with flow as (
    select promoter_id, transaction_id, month, earning_month, debit_account as account, amount_fen, cause from all_posting
    union all
    select promoter_id, transaction_id, month, earning_month, credit_account, -amount_fen, cause from all_posting
),

balance as (
    select
        promoter_id,
        cast(coalesce(sum(-amount_fen) filter (where account = 'promoter_payable'), 0) as bigint) as payable_fen,
        cast(coalesce(sum(-amount_fen) filter (where account = 'promoter_held'), 0) as bigint) as held_fen,
        cast(coalesce(sum(amount_fen) filter (where account = 'clawback_receivable'), 0) as bigint) as open_fen
    from flow
    group by all
),

expense as (
    select
        promoter_id,
        month,
        cast(sum(amount_fen) as bigint) as expense_fen
    from flow
    where account = 'programme_expense'
    group by all
),

part as (
    select
        promoter_id,
        month,
        cast(sum(amount_fen) as bigint) as amount_fen
    from payable
    group by all
),

share as (
    select
        promoter_id,
        month,
        cast(sum(amount_fen) as bigint) as amount_fen
    from issued_instalment
    group by all
),

fault as (
    select 'L1' as invariant, 'a posting moves nothing, or between one account' as broken, transaction_id as example
    from all_posting
    where amount_fen <= 0 or debit_account = credit_account
    union all
    select 'L2', 'payable, held or the open balance is negative', promoter_id
    from balance
    where payable_fen < 0 or held_fen < 0 or open_fen < 0
    union all
    select 'L6', 'a payout is not net and tax', payout_id
    from payouts
    where gross_fen <> net_fen + tax_fen
    union all
    select 'L7', 'the instalments of a statement do not add up to it', s.promoter_id || ' ' || s.month
    from issued_statement as s
    left join share on s.promoter_id = share.promoter_id and s.month = share.month
    left join part on s.promoter_id = part.promoter_id and s.month = part.month
    where s.payable_fen <> coalesce(share.amount_fen, 0) or s.payable_fen <> coalesce(part.amount_fen, 0)
    union all
    select 'P1', 'an issued statement is not as it was issued', b.promoter_id || ' ' || b.month
    from books_statement as b
    anti join statement as s
        on b.promoter_id = s.promoter_id and b.month = s.month and b.status = s.status and b.rebate_fen = s.rebate_fen
        and b.adjustments_fen = s.adjustments_fen and b.payable_fen = s.payable_fen and b.held_fen = s.held_fen
        and b.offset_fen = s.offset_fen and b.clawback_added_fen = s.clawback_added_fen
    union all
    select 'P2', 'what a statement posted is not its rebate and adjustments', s.promoter_id || ' ' || s.month
    from issued_statement as s
    left join expense as e on s.promoter_id = e.promoter_id and s.month = e.month
    where s.rebate_fen + s.adjustments_fen <> coalesce(e.expense_fen, 0)
    union all
    select 'P2', 'a statement does not add up', promoter_id || ' ' || month
    from issued_statement
    where rebate_fen + adjustments_fen + carried_in_fen + released_fen + clawback_added_fen
        <> offset_fen + held_fen + carried_out_fen + payable_fen
)

select
    invariant,
    broken,
    count(*) as cases,
    min(example) as example
from fault
group by all
