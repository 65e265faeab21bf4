-- One row per promoter, trait and what shows it: the orders, or accounts and months, behind a promoter's traits (3.4(2)).
create table conduct_trace as
select
    promoter_id,
    'tiny_first_purchases' as trait,
    order_id as subject_id
from first_purchase
where tiny
union all
select
    promoter_id,
    'cap_hugging_months' as trait,
    concat(account_id, ' ', strftime(month_on, '%Y-%m')) as subject_id
from cap_month
where hugging
union all
select
    promoter_id,
    'after_issue_refunds' as trait,
    order_id as subject_id
from refund_order
where promoter_id <> '' and days_after_issue between 0 and 7
union all
select
    promoter_id,
    'after_payout_refunds' as trait,
    order_id as subject_id
from refund_order
where promoter_id <> '' and days_after_payout between 0 and 7
union all
select
    refund_order.promoter_id,
    'vanished_invitees' as trait,
    refund_order.account_id as subject_id
from refund_order
inner join first_purchase on refund_order.account_id = first_purchase.account_id
where refund_order.full_refund
group by refund_order.promoter_id, refund_order.account_id, first_purchase.orders
having count(*) = first_purchase.orders
