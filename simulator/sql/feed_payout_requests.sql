-- one row per request of a promoter to be paid for a month
select
    'Q' || lpad(number::varchar, 9, '0') as request_id,
    account_id(promoter, $salt) as promoter_id,
    month_name as month,
    instant(requested) as requested_at
from sim_request
where requested < $end and payable > 0
order by request_id
