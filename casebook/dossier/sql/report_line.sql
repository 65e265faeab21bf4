-- One row per statement line of a reported promoter, the $line_limit lines that matter most first: in question, not qualifying, then size.
create or replace table report_line as
with refunded as (
    select order_id, cast(sum(cash_fen) as bigint) as refunded_fen, max(refunded_at) as last_refund_at
    from refunds
    group by all
),
placed as (
    select
        statement_line.promoter_id,
        statement_line.line_no,
        statement_line.line_kind,
        statement_line.month,
        statement_line.invitee_id,
        statement_line.order_id,
        natural_day(orders.paid_at, $zone) as paid_on,
        orders.product_code,
        orders.cash_fen,
        coalesce(refunded.refunded_fen, 0) as refunded_fen,
        natural_day(refunded.last_refund_at, $zone) as refunded_on,
        statement_line.governing_document,
        statement_line.net_fen,
        statement_line.rate_ppm,
        statement_line.rebate_fen,
        statement_line.qualifies,
        statement_line.clause,
        draft_line.rebate_fen as draft_rebate_fen,
        report_subject.invitee_id is not null as in_question
    from statement_line
    inner join report_promoter on statement_line.promoter_id = report_promoter.promoter_id
    left join orders on statement_line.order_id = orders.order_id
    left join refunded on statement_line.order_id = refunded.order_id
    left join draft_line on statement_line.order_id = draft_line.order_id
    left join report_subject
        on
            statement_line.promoter_id = report_subject.promoter_id
            and statement_line.invitee_id = report_subject.invitee_id
),
ranked as (
    select
        placed.*,
        row_number() over (
            partition by promoter_id order by in_question desc, qualifies asc, abs(net_fen) desc, line_no
        ) as rank_no,
        count(*) over (partition by promoter_id) as lines
    from placed
)
select
    promoter_id,
    line_no,
    line_kind,
    month,
    invitee_id,
    order_id,
    paid_on,
    product_code,
    cash_fen,
    refunded_fen,
    refunded_on,
    governing_document,
    net_fen,
    rate_ppm,
    rebate_fen,
    qualifies,
    clause,
    draft_rebate_fen,
    in_question,
    lines,
    rank_no
from ranked
where rank_no <= $line_limit
order by promoter_id, line_no
