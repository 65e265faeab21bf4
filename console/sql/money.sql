-- One row is one promoter with its statements as JSON, month by month; `issued_on` is the day of the run that issued it.
with wanted as (select unnest($keys) as key),
issued as (
    select month, issued_on from books_issue
    union
    select month, issued_on from new_issue
),
mine as (
    select 'P' || s.promoter_id as key, i.issued_on, s.*
    from statements as s
    left join issued as i on s.month = i.month
)
select
    key,
    to_json(list({
        'month': month, 'status': status, 'issued_on': cast(issued_on as varchar), 'new_paying_users': new_paying_users, 'net_amount': cast(net_amount as varchar),
        'rebate': cast(rebate as varchar), 'adjustments': cast(adjustments as varchar), 'carried_in': cast(carried_in as varchar),
        'released': cast(released as varchar), 'clawback_added': cast(clawback_added as varchar), 'offset': cast("offset" as varchar),
        'held': cast(held as varchar), 'carried_out': cast(carried_out as varchar), 'payable': cast(payable as varchar),
        'tax_estimate': cast(tax_estimate as varchar)
    } order by month)) as body
from mine
semi join wanted using (key)
group by key
