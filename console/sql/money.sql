-- One row is one promoter with its statements as JSON, month by month.
with wanted as (select unnest($keys) as key),
mine as (select 'P' || promoter_id as key, * from statements)
select
    key,
    to_json(list({
        'month': month, 'status': status, 'new_paying_users': new_paying_users, 'net_amount': cast(net_amount as varchar),
        'rebate': cast(rebate as varchar), 'adjustments': cast(adjustments as varchar), 'carried_in': cast(carried_in as varchar),
        'released': cast(released as varchar), 'clawback_added': cast(clawback_added as varchar), 'offset': cast("offset" as varchar),
        'held': cast(held as varchar), 'carried_out': cast(carried_out as varchar), 'payable': cast(payable as varchar),
        'tax_estimate': cast(tax_estimate as varchar)
    } order by month)) as body
from mine
semi join wanted using (key)
group by key
