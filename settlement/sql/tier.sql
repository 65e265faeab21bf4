-- One row per term and tier: from which measure (users, or fen) up to which it gives which rate.
create or replace table tier as
with entry as (
    select
        term_no,
        tier_by,
        cast(json_extract_string(item, '$.from') as decimal(18, 2)) as from_value,
        json_extract_string(item, '$.rate') as rate
    from (
        select
            term_no,
            tier_by,
            unnest(cast(tiers as json[])) as item
        from order_term
        where tiers is not null
    )
)

select
    term_no,
    tier_by,
    case when tier_by = 'net_amount' then cast(from_value * 100 as bigint) else cast(from_value as bigint) end
        as from_measure,
    coalesce(
        lead(case when tier_by = 'net_amount' then cast(from_value * 100 as bigint) else cast(from_value as bigint) end)
            over (partition by term_no order by from_value),
        9223372036854775807
    ) as below_measure,
    cast(cast(rate as decimal(9, 6)) * 1000000 as bigint) as rate_ppm
from entry
