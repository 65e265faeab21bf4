-- One row per statement of this run with the tax on its payable, as if it were the person's only payment, made today.
create or replace table statement_estimate as
with based as (
    select
        s.promoter_id,
        s.month,
        r.rate_ppm,
        r.quick_fen,
        r.above_fen,
        r.up_to_base_fen,
        case
            when r.regime = 'cumulative' then
                greatest(cast(s.payable_fen as hugeint) * (1000000 - r.expense_ppm)
                    - cast(r.deduction_fen as hugeint) * 1000000, 0)
            when s.payable_fen <= r.up_to_fen then cast(greatest(s.payable_fen - r.flat_fen, 0) as hugeint) * 1000000
            else cast(s.payable_fen as hugeint) * (1000000 - r.above_ppm)
        end as base_micro
    from new_statement as s
    inner join tax_rule as r on r.day = $as_of
)

select
    promoter_id,
    month,
    cast(greatest(
        (base_micro * rate_ppm - cast(quick_fen as hugeint) * 1000000000000 + 500000000000) // 1000000000000, 0
    ) as bigint) as tax_fen
from based
where base_micro > cast(above_fen as hugeint) * 1000000 and base_micro <= cast(up_to_base_fen as hugeint) * 1000000
