-- One row is one promoter with, as JSON per natural day, how many of its invitees registered, bought and had money back.
with wanted as (select unnest($keys) as key),
mine as (select 'P' || promoter_id as key, invitee_id from relations semi join wanted on 'P' || promoter_id = wanted.key),
bought as (select m.key, o.order_id, o.paid_at from orders as o inner join mine as m on o.account_id = m.invitee_id),
happened as (
    select m.key, a.registered_at as happened_at, 1 as registered, 0 as bought, 0 as refunded
    from accounts as a inner join mine as m on a.account_id = m.invitee_id
    union all
    select key, paid_at, 0, 1, 0 from bought
    union all
    select b.key, r.refunded_at, 0, 0, 1 from refunds as r inner join bought as b on r.order_id = b.order_id
),
daily as (
    select
        key, cast(cast(timezone($zone, happened_at) as date) as varchar) as day,
        cast(sum(registered) as bigint) as registered, cast(sum(bought) as bigint) as bought, cast(sum(refunded) as bigint) as refunded
    from happened
    group by all
)
select
    key, to_json(list({'day': day, 'registered': registered, 'bought': bought, 'refunded': refunded} order by day)) as body
from daily
group by key
