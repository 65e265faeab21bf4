-- One row per case with the money at stake in it: several findings about one month count it once.
create or replace table case_stake as
with month_stake as (
    select
        c.case_id,
        m.promoter_id,
        m.month,
        least(sum(m.stake_fen), coalesce(max(d.entitlement_fen), sum(m.stake_fen))) as stake_fen
    from case_finding as c
    inner join finding_month as m on c.finding_id = m.finding_id
    left join draft_month as d on m.promoter_id = d.promoter_id and m.month = d.month
    group by c.case_id, m.promoter_id, m.month
)

select
    case_id,
    cast(sum(stake_fen) as bigint) as stake_fen
from month_stake
group by all
