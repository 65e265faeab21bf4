-- One row per finding, promoter and month: the rebate that the finding is about, and whether that month is paid.
-- A sum of lines may pass what the caps leave of the month; the month's entitlement bounds it.
create or replace table finding_month as
with line as (
    select
        finding_id,
        promoter_id,
        month,
        rebate_fen
    from finding_line
    union all
    select
        f.finding_id,
        m.promoter_id,
        m.month,
        m.entitlement_fen as rebate_fen
    from open_finding as f
    inner join draft_month as m on f.promoter_id = m.promoter_id
    anti join finding_line as l on f.finding_id = l.finding_id
    where
        f.subject_kind in ('promoter', 'ring')
        -- Chance drew the audit sample: no money hangs on it.
        and f.detector <> 'audit_sample'
        and (
            f.window_start is null
            or m.month between strftime(f.window_start, '%Y-%m') and strftime(f.window_end, '%Y-%m')
        )
),

total as (
    select
        finding_id,
        promoter_id,
        month,
        cast(sum(rebate_fen) as bigint) as rebate_fen
    from line
    group by all
)

select
    t.finding_id,
    t.promoter_id,
    t.month,
    greatest(least(t.rebate_fen, coalesce(m.entitlement_fen, t.rebate_fen)), 0) as stake_fen,
    coalesce(m.issued and m.paid_fen > 0, false) as paid,
    coalesce(m.paid_fen, 0) as paid_fen
from total as t
left join draft_month as m on t.promoter_id = m.promoter_id and t.month = m.month
