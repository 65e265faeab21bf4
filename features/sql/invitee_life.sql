-- One row per paying invitee of a promoter with three or more refunding ones: when it came, paid and refunded (3.4(1)).
create table invitee_life as
with refunded as (
    select
        promoter_id,
        account_id,
        min(refunded_at) as first_refunded_at,
        count(*) as refund_orders
    from refund_order
    where promoter_id <> ''
    group by all
),

busy as (
    select promoter_id
    from refunded
    group by all
    having count(*) >= 3
)

select
    first_purchase.promoter_id,
    first_purchase.account_id,
    accounts.registered_at,
    first_purchase.paid_at as first_paid_at,
    refunded.first_refunded_at,
    coalesce(refunded.refund_orders, 0) as refund_orders
from first_purchase
inner join busy on first_purchase.promoter_id = busy.promoter_id
inner join accounts on first_purchase.account_id = accounts.account_id
left join refunded on first_purchase.account_id = refunded.account_id
