-- one row per invitee
select
    account_id(account, $salt) as invitee_id,
    account_id(promoter, $salt) as promoter_id,
    'L' || lpad(promoter::varchar, 7, '0') || '-' || (1 + account % 3)::varchar as link_id,
    instant(clicked) as clicked_at
from sim_account
where promoter >= 0
order by invitee_id
