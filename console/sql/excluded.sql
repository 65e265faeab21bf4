-- One row is one promoter with, as JSON per clause, how many orders of its statements do not count under it.
with wanted as (select unnest($keys) as key),
struck as (
    select 'P' || promoter_id as key, clause, count(*) as orders, sum(net_amount) as net_amount
    from statement_lines semi join wanted on 'P' || promoter_id = wanted.key
    where line_kind = 'order' and not qualifies and clause is not null
    group by promoter_id, clause
)
select
    key, to_json(list({'clause': clause, 'orders': orders, 'net_amount': cast(net_amount as varchar)} order by clause)) as body
from struck
group by key
