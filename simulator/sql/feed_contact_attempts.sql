-- one row per attempt to reach a promoter
select
    account_id(promoter, $salt) as promoter_id,
    instant(happened) as attempted_at,
    ($channels)[1 + channel] as channel,
    reached = 1 as reached
from sim_contact
order by promoter_id, attempted_at, channel
