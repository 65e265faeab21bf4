-- one row per membership of a promoter
select
    account_id(promoter, $salt) as promoter_id,
    instant(joined) as joined_at,
    case when joined < $second_from then 'base-1' else 'base-2' end as consented_version,
    instant(left_at) as left_at,
    case when left_at >= 0 then ['own wish', 'moved abroad', 'no time'][1 + promoter % 3] end as left_reason,
    case declared when 0 then false when 1 then true end as declared_staff_tie
from sim_member
order by promoter_id, joined_at
