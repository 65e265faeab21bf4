-- One row per promoter and month (null: unreadable) with quarantined money or a hold of ours under 3.5(1) for it.
-- `run_hold_id` is our newest hold; `stands` says that it still holds; `mended_before` that a run ended it.
create or replace table quarantine_hold as
with broken as (
    select
        promoter_id,
        month,
        count(*) as bad_rows,
        string_agg(distinct feed || ' ' || rule, ', ' order by feed || ' ' || rule) as rules
    from quarantined_money
    group by all
),

held as (
    select
        d.promoter_id,
        d.month,
        d.decision_id,
        d.status,
        d.status in ('approved', 'applied') and (d.effective_to is null or d.effective_to > $cutoff_at) as stands,
        exists (
            select 1 from books_decision_event as e where e.decision_id = d.decision_id and e.action = 'end'
        ) as mended_before,
        count(*) over (partition by d.promoter_id, d.month) as holds_so_far
    from books_decision as d
    where d.clause = '3.5(1)' and d.measure = 'hold_payout' and d.proposed_by = 'policy' and d.finding_id is null
    qualify row_number() over (
        partition by d.promoter_id, d.month order by d.effective_from desc, d.applied_seq desc, d.decision_id
    ) = 1
)

select
    coalesce(b.promoter_id, h.promoter_id) as promoter_id,
    coalesce(b.month, h.month) as month,
    coalesce(b.bad_rows, 0) as bad_rows,
    b.rules,
    h.decision_id as run_hold_id,
    coalesce(h.stands, false) as stands,
    coalesce(h.mended_before, false) as mended_before,
    coalesce(h.holds_so_far, 0) as holds_so_far
from broken as b
full join held as h on b.promoter_id = h.promoter_id and b.month is not distinct from h.month
