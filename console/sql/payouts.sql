-- One row is one promoter with its payouts as JSON; `paid_on` is the natural day.
with wanted as (select unnest($keys) as key),
mine as (select 'P' || promoter_id as key, * from payouts)
select
    key,
    to_json(list({
        'month': month, 'paid_on': cast(cast(timezone($zone, paid_at) as date) as varchar), 'gross': cast(money(gross_fen) as varchar),
        'tax': cast(money(tax_fen) as varchar), 'net': cast(money(net_fen) as varchar), 'status': status
    } order by paid_at, payout_id)) as body
from mine
semi join wanted using (key)
group by key
