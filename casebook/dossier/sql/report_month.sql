-- One row per reported promoter and statement month: its lines, its statement, what the ledger posted for it and what was paid.
create or replace table report_month as
with line as (
    select
        promoter_id,
        month,
        cast(coalesce(sum(net_fen) filter (where qualifies), 0) as bigint) as counted_fen,
        cast(coalesce(sum(net_fen) filter (where not qualifies), 0) as bigint) as excluded_fen,
        count(*) filter (where line_kind = 'order' and not qualifies) as excluded_orders,
        cast(sum(rebate_fen) as bigint) as line_rebate_fen
    from statement_line
    group by all
),
posted as (
    select
        promoter_id,
        earning_month as month,
        cast(sum(
            case
                when debit_account = 'programme_expense' then amount_fen
                when credit_account = 'programme_expense' then -amount_fen
                else 0
            end
        ) as bigint) as posted_fen
    from report_posting
    group by all
),
paid as (
    select
        promoter_id,
        month,
        cast(sum(gross_fen) as bigint) as paid_fen,
        cast(sum(tax_fen) as bigint) as tax_fen
    from payouts
    where status = 'paid'
    group by all
),
issued as (
    select month, issued_on from books_issue
    union
    select month, issued_on from new_issue
)
select
    statement.promoter_id,
    statement.month,
    statement.status,
    issued.issued_on,
    statement.new_paying_users,
    statement.net_fen,
    statement.rebate_fen,
    statement.adjustments_fen,
    statement.carried_in_fen,
    statement.released_fen,
    statement.clawback_added_fen,
    statement.offset_fen,
    statement.held_fen,
    statement.carried_out_fen,
    statement.payable_fen,
    statement.tax_estimate_fen,
    coalesce(line.counted_fen, 0) as counted_fen,
    coalesce(line.excluded_fen, 0) as excluded_fen,
    coalesce(line.excluded_orders, 0) as excluded_orders,
    coalesce(line.line_rebate_fen, 0) as line_rebate_fen,
    draft_month.entitlement_fen as draft_fen,
    posted.posted_fen,
    coalesce(paid.paid_fen, 0) as paid_fen,
    coalesce(paid.tax_fen, 0) as paid_tax_fen
from statement
inner join report_promoter on statement.promoter_id = report_promoter.promoter_id
left join line on statement.promoter_id = line.promoter_id and statement.month = line.month
left join posted on statement.promoter_id = posted.promoter_id and statement.month = posted.month
left join paid on statement.promoter_id = paid.promoter_id and statement.month = paid.month
left join draft_month on statement.promoter_id = draft_month.promoter_id and statement.month = draft_month.month
left join issued on statement.month = issued.month
order by statement.promoter_id, statement.month
