-- One row is one promoter with the hundred newest and largest orders of its statements as JSON.
with wanted as (select unnest($keys) as key),
mine as (
    select 'P' || promoter_id as key, * from statement_lines semi join wanted on 'P' || promoter_id = wanted.key
),
ranked as (
    select
        l.*, o.product_code, o.paid_at, money(o.cash_fen) as cash,
        row_number() over (partition by l.key order by l.month desc, l.net_amount desc, l.order_id) as place
    from mine as l
    inner join orders as o on l.order_id = o.order_id
)
select
    key,
    to_json(list({
        'order_id': order_id, 'invitee_id': invitee_id, 'month': month, 'product_code': product_code,
        'paid_at': strftime(timezone('UTC', paid_at), '%Y-%m-%dT%H:%M:%S+00:00'), 'cash': cast(cash as varchar),
        'net_amount': cast(net_amount as varchar), 'rate': cast(rate as varchar), 'rebate': cast(rebate as varchar),
        'qualifies': qualifies, 'clause': clause
    } order by place)) as body
from ranked
where place <= 100
group by key
