-- One row per paid payout and planned payment with the tax that the rule in force on its day gives (5.1, 5.2), and what that rests on.
-- Cumulatively per person: within the month of payment, or the year for the cumulative regime, less what was withheld.
create or replace table payout_tax as
with placed as (
    select
        p.*,
        r.regime,
        strftime(p.paid_on, '%Y') as tax_year,
        strftime(p.paid_on, '%Y-%m') as tax_month,
        month(p.paid_on) as month_no
    from payout_person as p
    inner join (select distinct day, regime from tax_rule) as r on p.paid_on = r.day
),

running as (
    select
        *,
        dense_rank() over (partition by person, tax_year order by month_no) as rank_no,
        cast(sum(gross_fen) over (
            partition by person, case when regime = 'cumulative' then tax_year else tax_month end
            order by paid_at, payout_id
        ) as bigint) as income_fen
    from placed
),

lasting as (
    select
        *,
        dense_rank() over (partition by person, tax_year, month_no - rank_no order by month_no) as months
    from running
),

based as (
    select
        l.*,
        r.rate_ppm,
        r.quick_fen,
        case
            when l.regime = 'cumulative' then
                greatest(cast(l.income_fen as hugeint) * (1000000 - r.expense_ppm)
                    - cast(r.deduction_fen as hugeint) * l.months * 1000000, 0)
            when l.income_fen <= r.up_to_fen then cast(greatest(l.income_fen - r.flat_fen, 0) as hugeint) * 1000000
            else cast(l.income_fen as hugeint) * (1000000 - r.above_ppm)
        end as base_micro,
        r.above_fen,
        r.up_to_base_fen
    from lasting as l
    inner join tax_rule as r on l.paid_on = r.day
),

due as (
    select
        *,
        cast(greatest(
            (base_micro * rate_ppm - cast(quick_fen as hugeint) * 1000000000000 + 500000000000) // 1000000000000, 0
        ) as bigint) as due_fen
    from based
    where base_micro > cast(above_fen as hugeint) * 1000000
        and base_micro <= cast(up_to_base_fen as hugeint) * 1000000
),

-- Withheld so far is the highest that was ever due in the span: what was withheld is never given back here.
by_payment as (
    select
        *,
        due_fen - least(due_fen, coalesce(max(due_fen) over (
            partition by person, regime, case when regime = 'cumulative' then payout_id else tax_month end
            order by paid_at, payout_id rows between unbounded preceding and 1 preceding
        ), 0)) as withheld_fen
    from due
),

before_year as (
    select
        *,
        cast(coalesce(sum(case when regime = 'per_payment' then withheld_fen else 0 end) over (
            partition by person, tax_year
            order by paid_at, payout_id rows between unbounded preceding and 1 preceding
        ), 0) as bigint) as other_fen,
        coalesce(max(due_fen) over (
            partition by person, regime, tax_year
            order by paid_at, payout_id rows between unbounded preceding and 1 preceding
        ), 0) as highest_fen
    from by_payment
)

select
    payout_id,
    promoter_id,
    month,
    paid_on,
    planned,
    person,
    documented,
    regime,
    gross_fen,
    income_fen,
    cast(months as bigint) as months,
    rate_ppm,
    quick_fen,
    tax_fen as reported_fen,
    case when regime = 'cumulative' then greatest(due_fen - greatest(other_fen, highest_fen), 0) else withheld_fen end
        as expected_fen
from before_year
