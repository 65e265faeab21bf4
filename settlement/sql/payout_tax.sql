-- One row per paid payout and planned payment with the tax that the rule in force on its day gives (5.1, 5.2), and what that rests on.
-- Cumulatively per person: of the month of payment, or the year for the cumulative regime, less what was withheld in it so far.
create or replace table payout_tax as
with recursive placed as (
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
        row_number() over in_year as place,
        cast(case when regime = 'cumulative' then sum(gross_fen) over in_year else sum(gross_fen) over in_month end as bigint)
            as income_fen,
        count(distinct regime) over (partition by person, tax_year) > 1 as mixed
    from placed
    window
        in_year as (partition by person, tax_year order by paid_at, payout_id),
        in_month as (partition by person, tax_month order by paid_at, payout_id)
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
            when l.regime = 'cumulative' then r.deduction_fen * l.months
            when l.income_fen <= r.up_to_fen then r.flat_fen
            else 0
        end as deduct_fen,
        case
            when l.regime = 'cumulative' then r.expense_ppm
            when l.income_fen <= r.up_to_fen then 0
            else r.above_ppm
        end as deduct_ppm,
        r.above_fen,
        r.up_to_base_fen
    from lasting as l
    inner join tax_rule as r on l.paid_on = r.day
),

taxable as (
    select
        *,
        greatest(
            cast(income_fen as hugeint) * (1000000 - deduct_ppm) - cast(deduct_fen as hugeint) * 1000000, 0
        ) as base_micro
    from based
),

due as (
    select
        * exclude (base_micro),
        cast(greatest(
            (base_micro * rate_ppm - cast(quick_fen as hugeint) * 1000000000000 + 500000000000) // 1000000000000, 0
        ) as bigint) as due_fen
    from taxable
    where base_micro > cast(above_fen as hugeint) * 1000000
        and base_micro <= cast(up_to_base_fen as hugeint) * 1000000
),

-- Under one regime what was withheld so far is the highest that was ever due in the span: nothing is given back here.
alone as (
    select
        person,
        payout_id,
        coalesce(max(due_fen) over (
            partition by person, case when regime = 'cumulative' then tax_year else tax_month end
            order by paid_at, payout_id rows between unbounded preceding and 1 preceding
        ), 0) as before_fen
    from due
    where not mixed
),

-- Where the law changed within the year each payment needs what every one before it gave.
walked as (
    select
        person,
        tax_year,
        payout_id,
        tax_month,
        place,
        cast(0 as bigint) as before_fen,
        due_fen as month_fen,
        due_fen as year_fen
    from due
    where mixed and place = 1
    union all
    select
        d.person,
        d.tax_year,
        d.payout_id,
        d.tax_month,
        d.place,
        s.before_fen,
        s.in_month_fen + greatest(d.due_fen - s.before_fen, 0) as month_fen,
        w.year_fen + greatest(d.due_fen - s.before_fen, 0) as year_fen
    from walked as w
    inner join due as d on w.person = d.person and w.tax_year = d.tax_year and d.place = w.place + 1 and d.mixed
    cross join lateral (
        select
            case when d.tax_month = w.tax_month then w.month_fen else 0 end as in_month_fen,
            case
                when d.regime = 'cumulative' then w.year_fen
                when d.tax_month = w.tax_month then w.month_fen
                else 0
            end as before_fen
    ) as s
),

withheld as (
    select person, payout_id, before_fen from alone
    union all
    select person, payout_id, before_fen from walked
)

select
    d.payout_id,
    d.promoter_id,
    d.month,
    d.paid_on,
    d.planned,
    d.person,
    d.documented,
    d.regime,
    d.gross_fen,
    d.income_fen,
    cast(d.months as bigint) as months,
    cast(d.deduct_fen as bigint) as deduct_fen,
    cast(d.deduct_ppm as bigint) as deduct_ppm,
    d.rate_ppm,
    d.quick_fen,
    cast(w.before_fen as bigint) as before_fen,
    d.tax_fen as reported_fen,
    greatest(d.due_fen - w.before_fen, 0) as expected_fen
from due as d
inner join withheld as w on d.person = w.person and d.payout_id = w.payout_id
