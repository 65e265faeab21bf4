-- one row per filed report
select
    'P' || lpad(number::varchar, 6, '0') as report_id,
    account_id(subject, $salt) as subject_id,
    ['3.1(1)', '3.2(1)', '3.4(1)', '3.3(2)'][1 + topic] as clause,
    instant(happened) as reported_at,
    ['promises of income that nobody pays', 'poses as an official account', 'invites own accounts', 'messages to people who did not ask'][1 + topic]
        as summary,
    case when number % 2 = 0 then 'evidence/' || lpad(number::varchar, 6, '0') || '.png' end as evidence_uri
from sim_report
order by report_id
