-- One row when recovery notices that were neither called back nor left by a decision overturned since ask a promoter for more
-- than was paid in cash (L2). Reads published tables alone.
create or replace table invariant_notice as
with notice as (
    select instruction_id, subject_id as promoter_id, decision_id, amount_fen from books_instruction where kind = 'recovery_notice'
    union all
    select instruction_id, subject_id, decision_id, amount_fen from settlement_instruction where kind = 'recovery_notice'
),

calling_back as (
    select instruction_id from books_instruction
    union all
    select instruction_id from settlement_instruction
),

asked as (
    select
        n.promoter_id,
        cast(sum(n.amount_fen) as bigint) as amount_fen
    from notice as n
    left join decision as d on n.decision_id = d.decision_id
    anti join calling_back as b
        on calling_back(n.instruction_id) = b.instruction_id
    where coalesce(d.status, '') <> 'overturned'
    group by all
),

paid as (
    select
        promoter_id,
        cast(sum(case when credit_account = 'cash' then amount_fen else -amount_fen end) as bigint) as cash_fen
    from all_posting
    where credit_account = 'cash' or debit_account = 'cash'
    group by all
),

fault as (
    select a.promoter_id
    from asked as a
    left join paid as p on a.promoter_id = p.promoter_id
    where a.amount_fen > coalesce(p.cash_fen, 0)
)

select
    'L2' as invariant,
    'recovery notices ask for more than was paid in cash' as broken,
    count(*) as cases,
    min(promoter_id) as example
from fault
having count(*) > 0
