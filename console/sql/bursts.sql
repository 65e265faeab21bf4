-- One row is one promoter with its flagged bursts as JSON.
with wanted as (select unnest($keys) as key),
mine as (select 'P' || promoter_id as key, * from bursts where flagged)
select
    key,
    to_json(list({
        'window_start': cast(window_start as varchar), 'window_end': cast(window_end as varchar), 'refund_orders': refund_orders,
        'expected_orders': expected_orders, 'refund_amount': cast(refund_amount as varchar), 'q_value': q_value, 'reasons': reasons
    } order by window_start)) as body
from mine
semi join wanted using (key)
group by key
