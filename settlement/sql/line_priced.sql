-- One row per standpoint and order of a referred invitee, with its rate and rebate.
create or replace table line_priced as
select
    l.standpoint,
    l.promoter_id,
    l.invitee_id,
    l.order_id,
    l.month,
    case when t.excluded then t.excluding_document else t.tiers_document end as governing_document,
    l.net_fen,
    case when l.qualifies then coalesce(tier.rate_ppm, 0) end as rate_ppm,
    case when l.qualifies then round_ppm(l.net_fen, coalesce(tier.rate_ppm, 0)) else 0 end as rebate_fen,
    l.qualifies,
    l.clause
from line_judged as l
inner join order_term as t on l.term_no = t.term_no
left join month_count as c
    on l.qualifies and l.standpoint = c.standpoint and l.promoter_id = c.promoter_id and l.month = c.month
left join tier
    on
        l.term_no = tier.term_no
        and case when tier.tier_by = 'net_amount' then c.net_fen else c.new_paying_users end >= tier.from_measure
        and case when tier.tier_by = 'net_amount' then c.net_fen else c.new_paying_users end < tier.below_measure
