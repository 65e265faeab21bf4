-- One row per standpoint, promoter and month with a count or a rebate: counts, net amount of what qualifies, entitlement.
-- An applied cancel_rebate makes the entitlement 0; lines and counts stay (4.4(1)).
create or replace table month_entitled as
with cancelled as (
    select distinct
        a.standpoint,
        d.promoter_id,
        d.month
    from decision_known as d
    inner join decision_at as a on d.decision_id = a.decision_id and d.promoter_id = a.promoter_id
    where d.measure = 'cancel_rebate'
),

line as (
    select
        standpoint,
        promoter_id,
        month,
        rebate_fen
    from invitee_month
    union all
    select
        standpoint,
        promoter_id,
        month,
        rebate_fen
    from line_extra
),

total as (
    select
        standpoint,
        promoter_id,
        month,
        cast(sum(rebate_fen) as bigint) as rebate_fen
    from line
    group by all
)

select
    c.standpoint,
    c.promoter_id,
    c.month,
    c.new_paying_users,
    c.net_fen,
    case when x.month is null then coalesce(t.rebate_fen, 0) else 0 end as entitlement_fen
from month_count as c
left join total as t on c.standpoint = t.standpoint and c.promoter_id = t.promoter_id and c.month = t.month
left join cancelled as x on c.standpoint = x.standpoint and c.promoter_id = x.promoter_id and c.month = x.month
