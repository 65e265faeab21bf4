-- One row per invitee and grouping by which it is judged: the first payment and first purchase of the same user.
-- context_no 0 is an invitee in no linked group at any issue; else it is the run whose groups count.
create or replace table invitee_context as
with grouped as (
    select distinct account_id from linked_member
),

group_first as (
    select
        f.as_then,
        m.version,
        m.group_id,
        min(f.any_paid_at) as any_paid_at,
        min(f.first_purchase) as first_purchase
    from linked_member as m
    inner join account_first as f on m.account_id = f.account_id
    group by all
),

version as (
    select distinct version from linked_member
    union
    select distinct version from programme_month
)

select
    a.as_then,
    r.invitee_id,
    cast(0 as bigint) as context_no,
    f.any_paid_at,
    f.first_purchase
from relation_fact as r
semi join standpoint as s on r.promoter_id = s.promoter_id
anti join grouped as g on r.invitee_id = g.account_id
cross join (select distinct as_then from standpoint) as a
left join account_first as f on r.invitee_id = f.account_id and a.as_then = f.as_then
union all
select
    a.as_then,
    r.invitee_id,
    v.version as context_no,
    coalesce(g.any_paid_at, f.any_paid_at) as any_paid_at,
    coalesce(g.first_purchase, f.first_purchase) as first_purchase
from relation_fact as r
semi join standpoint as s on r.promoter_id = s.promoter_id
semi join grouped as d on r.invitee_id = d.account_id
cross join version as v
cross join (select distinct as_then from standpoint) as a
left join linked_member as m on r.invitee_id = m.account_id and v.version = m.version
left join group_first as g on m.version = g.version and m.group_id = g.group_id and a.as_then = g.as_then
left join account_first as f on r.invitee_id = f.account_id and a.as_then = f.as_then and m.account_id is null
