-- One row per part of an instalment with one status. Payments and cancellations fill a statement from its front, in
-- the order in which they were posted; the rest is held, failed, requested or due.
create or replace table payable as
with instalment as (
    select
        promoter_id, month, instalment_no, due_on, amount_fen,
        cast(sum(amount_fen) over (partition by promoter_id, month order by instalment_no) as bigint) as to_fen
    from issued_instalment
    where amount_fen > 0
),

taken_back as (
    select corrects from all_posting where debit_account in ('cash', 'tax_payable')
),

event as (
    select
        promoter_id,
        case when credit_account = 'clawback_receivable' then earning_month else month end as month,
        case when credit_account = 'clawback_receivable' then 'cancelled' else 'paid' end as status,
        run_seq, transaction_id, posting_no, amount_fen
    from all_posting
    anti join taken_back on all_posting.transaction_id = taken_back.corrects
    where
        (debit_account = 'promoter_payable' and credit_account in ('cash', 'tax_payable'))
        or (credit_account = 'clawback_receivable' and earning_month < month)
),

taken as (
    select
        promoter_id, month, status,
        cast(sum(amount_fen) over (
            partition by promoter_id, month order by run_seq, transaction_id, posting_no
        ) as bigint) as to_fen,
        amount_fen
    from event
),

rest as (
    select
        s.promoter_id, s.month, s.payable_fen, s.payable_fen - s.rest_fen as from_fen, s.covered_by,
        least(q.failed_fen, s.rest_fen) as failed_fen, q.requested_at
    from statement_rest as s
    inner join payable_request as q on s.promoter_id = q.promoter_id and s.month = q.month
),

part as (
    select promoter_id, month, status, to_fen - amount_fen as from_fen, to_fen from taken
    union all
    select promoter_id, month, 'held', from_fen, payable_fen from rest where covered_by is not null
    union all
    select promoter_id, month, 'failed', from_fen, from_fen + failed_fen from rest where covered_by is null
    union all
    select
        promoter_id, month, case when requested_at is null then 'due' else 'requested' end,
        from_fen + failed_fen, payable_fen
    from rest
    where covered_by is null
),

cut as (
    select
        i.promoter_id, i.month, i.instalment_no, i.due_on, p.status,
        min(p.from_fen) as from_fen,
        cast(sum(least(p.to_fen, i.to_fen) - greatest(p.from_fen, i.to_fen - i.amount_fen)) as bigint) as amount_fen
    from instalment as i
    inner join part as p
        on i.promoter_id = p.promoter_id and i.month = p.month
        and p.from_fen < i.to_fen and p.to_fen > i.to_fen - i.amount_fen and p.from_fen < p.to_fen
    group by all
)

select
    c.promoter_id,
    c.month,
    c.instalment_no,
    row_number() over (partition by c.promoter_id, c.month, c.instalment_no order by c.from_fen, c.status) as part_no,
    c.due_on,
    c.amount_fen,
    case when c.status = 'paid' then q.payer_of_paid else q.payer end as payer,
    c.status
from cut as c
inner join payable_request as q on c.promoter_id = q.promoter_id and c.month = q.month
