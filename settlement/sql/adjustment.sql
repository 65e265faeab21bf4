-- One row per changed promoter, earning month and cause of the change, let in one after another: refunds (4.2(4)),
-- late rows (4.2(1)), decisions by id, then overturned or ended ones by id.
create or replace table adjustment as
with level as (
    select
        c.promoter_id,
        c.month,
        c.posted_fen,
        c.accrual,
        s.standpoint,
        case when s.is_now then c.entitlement_fen else coalesce(e.entitlement_fen, 0) end as entitlement_fen
    from changed_month as c
    inner join standpoint_changed as s on c.promoter_id = s.promoter_id
    left join month_entitled as e
        on s.standpoint = e.standpoint and c.promoter_id = e.promoter_id and c.month = e.month
),

step as (
    select
        *,
        entitlement_fen - lag(entitlement_fen, 1, posted_fen) over (
            partition by promoter_id, month order by standpoint
        ) as step_fen
    from level
),

caused as (
    select
        l.promoter_id,
        l.month,
        l.accrual,
        l.step_fen,
        case when l.standpoint = 2 then 1 when l.standpoint <= 3 then 2 else l.standpoint - 1 end as cause_rank,
        case when l.standpoint = 2 then '4.2(4)' when l.standpoint <= 3 then '4.2(1)' else d.decision_id end as cause
    from step as l
    left join changed_decision as d on l.promoter_id = d.promoter_id and l.standpoint = 3 + d.let_in_no
)

select
    promoter_id,
    month as earning_month,
    cause,
    cause_rank,
    accrual as corrects,
    cast(sum(step_fen) as bigint) as amount_fen
from caused
group by all
having sum(step_fen) <> 0
