-- One row per promoter that anybody was referred by: counts of what its invitees did, from which rates are taken.
create table promoter_conduct as
with invited as (
    select
        referrals.promoter_id,
        count(*) as invitees,
        count(*) filter (where referrals.clicked_at is null) as unclicked,
        count(*) filter (where accounts.registered_at < referrals.clicked_at + interval 5 second) as hasty
    from referrals
    inner join accounts on referrals.invitee_id = accounts.account_id
    group by all
),

refunder as (
    select
        promoter_id,
        account_id,
        count(*) as refund_orders,
        count(*) filter (where full_refund) as full_refunds
    from refund_order
    group by all
),

bought as (
    select
        first_purchase.promoter_id,
        count(*) as paying_invitees,
        count(*) filter (where first_purchase.tiny) as tiny_first_purchases,
        sum(first_purchase.orders) as orders,
        sum(first_purchase.paid_fen) as paid_fen,
        sum(first_purchase.last_month_orders) as last_month_orders,
        count(*) filter (where refunder.full_refunds = first_purchase.orders) as vanished_invitees,
        max(refunder.refund_orders) as busiest_invitee_refunds
    from first_purchase
    left join refunder on first_purchase.account_id = refunder.account_id
    group by all
),

capped as (
    select
        promoter_id,
        count(*) as paid_months,
        count(*) filter (where hugging) as cap_hugging_months
    from cap_month
    group by all
)

select
    invited.promoter_id,
    invited.invitees,
    invited.unclicked,
    invited.hasty,
    coalesce(bought.paying_invitees, 0) as paying_invitees,
    cast(coalesce(bought.orders, 0) as bigint) as orders,
    cast(coalesce(bought.paid_fen, 0) as bigint) as paid_fen,
    coalesce(refund_conduct.refund_orders, 0) as refund_orders,
    coalesce(refund_conduct.refund_fen, 0) as refund_fen,
    coalesce(refund_conduct.refunding_invitees, 0) as refunding_invitees,
    coalesce(refund_conduct.full_refunds, 0) as full_refunds,
    coalesce(refund_conduct.first_purchase_refunds, 0) as first_purchase_refunds,
    coalesce(refund_conduct.after_issue_refunds, 0) as after_issue_refunds,
    coalesce(refund_conduct.after_payout_refunds, 0) as after_payout_refunds,
    coalesce(bought.vanished_invitees, 0) as vanished_invitees,
    coalesce(bought.busiest_invitee_refunds, 0) as busiest_invitee_refunds,
    coalesce(refund_conduct.busiest_day_refunds, 0) as busiest_day_refunds,
    coalesce(refund_conduct.repeated_amount_refunds, 0) as repeated_amount_refunds,
    coalesce(refund_conduct.refund_age_days, 0) as refund_age_days,
    coalesce(refund_conduct.last_month_refunds, 0) as last_month_refunds,
    cast(coalesce(bought.last_month_orders, 0) as bigint) as last_month_orders,
    coalesce(bought.tiny_first_purchases, 0) as tiny_first_purchases,
    coalesce(capped.paid_months, 0) as paid_months,
    coalesce(capped.cap_hugging_months, 0) as cap_hugging_months
from invited
left join bought on invited.promoter_id = bought.promoter_id
left join capped on invited.promoter_id = capped.promoter_id
left join refund_conduct on invited.promoter_id = refund_conduct.promoter_id
