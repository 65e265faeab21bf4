-- One row per payment of a changed promoter's invitee or of its same user, as known now and as known at the last issue.
-- What was known then of accounts outside the promoter's own invitees is told by the cut-off alone.
create or replace table purchase_changed as
with invitee as (
    select r.invitee_id as account_id
    from referrals as r
    semi join changed_month as c on r.promoter_id = c.promoter_id
),

mate as (
    select distinct b.account_id
    from invitee as i
    inner join linked_member as a on i.account_id = a.account_id
    inner join linked_member as b on a.version = b.version and a.group_id = b.group_id
),

seen as (
    select
        o.*,
        i.account_id is not null as own
    from order_fact as o
    left join invitee as i on o.account_id = i.account_id
    left join mate as m on o.account_id = m.account_id
    where o.cash_fen > 0 and (i.account_id is not null or m.account_id is not null)
),

last_issue as (
    select max(cutoff_at) as cutoff_at from books_issue
)

select
    false as as_then,
    account_id,
    order_id,
    paid_at,
    cash_fen,
    is_purchase
from seen
union all
select
    true as as_then,
    s.account_id,
    s.order_id,
    s.paid_at,
    s.cash_fen,
    s.is_purchase
from seen as s
cross join last_issue as l
left join order_then as t on s.order_id = t.order_id
where case when s.own then t.order_id is not null else s.paid_at < l.cutoff_at end
