-- One row per payment of an account involved, as known now and as known at the last issue.
-- Where the books do not record which orders were known then, the cut-off tells.
create or replace table purchase_changed as
with seen as (
    select
        o.account_id,
        o.order_id,
        o.paid_at,
        o.cash_fen,
        o.is_purchase,
        a.recorded
    from order_fact as o
    inner join involved_account as a on o.account_id = a.account_id
    where o.cash_fen > 0
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
where exists (select 1 from standpoint_changed where not as_then and not is_now)
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
where case when s.recorded then t.order_id is not null else s.paid_at < l.cutoff_at end
