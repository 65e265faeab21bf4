-- One row per invitee in question: its relation, its window and what it bought and gave back.
create or replace table report_relation as
with bought as (
    select
        orders.account_id,
        count(distinct orders.order_id) as orders,
        cast(sum(orders.cash_fen) as bigint) as cash_fen,
        min(natural_day(orders.paid_at, $zone)) as first_paid_on
    from orders
    group by all
),
returned as (
    select orders.account_id, count(*) as refunds, cast(sum(refunds.cash_fen) as bigint) as refund_fen
    from refunds
    inner join orders on refunds.order_id = orders.order_id
    group by all
)
select
    report_subject.promoter_id,
    report_subject.invitee_id,
    natural_day(accounts.registered_at, $zone) as registered_on,
    relation.established,
    natural_day(relation.starts_at, $zone) as starts_on,
    natural_day(relation.ends_at - interval 1 microsecond, $zone) as last_day,
    relation.reason,
    coalesce(bought.orders, 0) as orders,
    coalesce(bought.cash_fen, 0) as cash_fen,
    bought.first_paid_on,
    coalesce(returned.refunds, 0) as refunds,
    coalesce(returned.refund_fen, 0) as refund_fen
from report_subject
left join accounts on report_subject.invitee_id = accounts.account_id
left join relation on report_subject.invitee_id = relation.invitee_id
left join bought on report_subject.invitee_id = bought.account_id
left join returned on report_subject.invitee_id = returned.account_id
order by report_subject.promoter_id, registered_on, report_subject.invitee_id
