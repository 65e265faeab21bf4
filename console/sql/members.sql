-- One row is one ring (S and its id) with the accounts that its evidence names as JSON: who invited each, what it bought and gave back.
with wanted as (select unnest($keys) as key),
named as (
    select distinct
        'S' || subject_id as key,
        unnest(list_transform(
            json_extract(case when json_valid(evidence) then evidence else '{}' end, '$[*].ids[*]'), lambda j: j ->> '$'
        )) as account_id
    from findings
    where subject_kind = 'ring' and 'S' || subject_id in (select key from wanted)
),
bought as (
    select account_id, count(*) as orders, sum(cash_fen) as cash_fen
    from orders semi join named using (account_id)
    group by account_id
),
returned as (
    select o.account_id, count(*) as refunded, sum(r.cash_fen) as back_fen
    from refunds as r
    inner join orders as o on r.order_id = o.order_id
    semi join named as n on o.account_id = n.account_id
    group by o.account_id
)
select
    n.key,
    to_json(list({
        'account_id': n.account_id, 'promoter_id': r.promoter_id,
        'registered_at': strftime(timezone('UTC', a.registered_at), '%Y-%m-%dT%H:%M:%S+00:00'),
        'orders': coalesce(b.orders, 0), 'cash': cast(money(coalesce(b.cash_fen, 0)) as varchar),
        'refunded': coalesce(g.refunded, 0), 'refund_amount': cast(money(coalesce(g.back_fen, 0)) as varchar)
    } order by r.promoter_id, a.registered_at, n.account_id)) as body
from named as n
inner join accounts as a on n.account_id = a.account_id
left join relations as r on n.account_id = r.invitee_id
left join bought as b on n.account_id = b.account_id
left join returned as g on n.account_id = g.account_id
group by n.key
