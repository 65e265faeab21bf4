-- one row per promoter and issue: what becomes payable then, in fen; earlier overpayment is made up for first
with paid_before as (
    select promoter, issue, total,
        coalesce(max(total) over (partition by promoter order by issue rows between unbounded preceding and 1 preceding), 0) as high
    from sim_entitlement
)
select promoter, issue, greatest(total - greatest(high, 0), 0)::bigint as payable
from paid_before
order by promoter, issue
