-- One row per promoter with refunded orders of its invitees: the shape of these refunds in counts.
create table refund_conduct as
with by_day as (
    select
        promoter_id,
        refunded_on,
        count(*) as refund_orders
    from refund_order
    group by all
),

busiest_day as (
    select
        promoter_id,
        max(refund_orders) as refund_orders
    from by_day
    group by all
),

by_amount as (
    select
        promoter_id,
        refund_fen,
        count(*) as refund_orders
    from refund_order
    group by all
),

repeated_amount as (
    select
        promoter_id,
        max(refund_orders) as refund_orders
    from by_amount
    group by all
),

shape as (
    select
        promoter_id,
        count(*) as refund_orders,
        cast(sum(refund_fen) as bigint) as refund_fen,
        count(distinct account_id) as refunding_invitees,
        count(*) filter (where full_refund) as full_refunds,
        count(*) filter (where full_refund and first_purchase) as first_purchase_refunds,
        count(*) filter (where days_after_issue between 0 and 7) as after_issue_refunds,
        count(*) filter (where days_after_payout between 0 and 7) as after_payout_refunds,
        quantile_disc(age_days, 0.5) as refund_age_days,
        count(*) filter (where refunded_on > $as_of - 28) as last_month_refunds
    from refund_order
    where promoter_id <> ''
    group by all
)

select
    shape.promoter_id,
    shape.refund_orders,
    shape.refund_fen,
    shape.refunding_invitees,
    shape.full_refunds,
    shape.first_purchase_refunds,
    shape.after_issue_refunds,
    shape.after_payout_refunds,
    busiest_day.refund_orders as busiest_day_refunds,
    repeated_amount.refund_orders as repeated_amount_refunds,
    shape.refund_age_days,
    shape.last_month_refunds
from shape
inner join busiest_day on shape.promoter_id = busiest_day.promoter_id
inner join repeated_amount on shape.promoter_id = repeated_amount.promoter_id
