-- one row per request of a promoter to be paid for a month, with the payment that follows it
select a.number, a.promoter, a.month_name, a.requested, a.paid, a.failed, a.person, a.held_from, p.payable
from sim_ask as a
inner join sim_payable as p on p.promoter = a.promoter and p.issue = a.issue
order by a.number
