-- One row per day of payment (the as_of day and the due dates with them) and bracket of the withholding in force on it (5.1, 5.2).
create or replace table tax_rule as
with day as (
    select natural_day(paid_at, $zone) as day from payouts
    union
    select due_on as day from issued_instalment
    union
    select $as_of as day
),

parameter as (
    select
        d.day,
        max(json_extract_string(p.value, '$')) filter (where p.path = 'withholding.regime') as regime,
        max(json_extract_string(p.value, '$')) filter (where p.path = 'withholding.exemption.up_to') as up_to,
        max(json_extract_string(p.value, '$')) filter (where p.path = 'withholding.exemption.flat') as flat,
        max(json_extract_string(p.value, '$')) filter (where p.path = 'withholding.exemption.above_share') as above,
        max(json_extract_string(p.value, '$')) filter (where p.path = 'withholding.monthly_deduction') as deduction,
        max(json_extract_string(p.value, '$')) filter (where p.path = 'withholding.expense_share') as expense,
        max(p.value) filter (where p.path = 'withholding.brackets') as brackets
    from day as d
    left join parameter_force as p on d.day between p.from_day and p.to_day
    group by all
),

filled as (
    select
        day,
        coalesce(regime, 'per_payment') as regime,
        cast(cast(coalesce(up_to, '4000') as decimal(18, 2)) * 100 as bigint) as up_to_fen,
        cast(cast(coalesce(flat, '800') as decimal(18, 2)) * 100 as bigint) as flat_fen,
        cast(cast(coalesce(above, '0.20') as decimal(9, 6)) * 1000000 as bigint) as above_ppm,
        cast(cast(coalesce(deduction, '5000') as decimal(18, 2)) * 100 as bigint) as deduction_fen,
        cast(cast(coalesce(expense, '0.20') as decimal(9, 6)) * 1000000 as bigint) as expense_ppm,
        cast(coalesce(brackets, case when regime = 'cumulative' then $cumulative_brackets else $payment_brackets end)
            as json[]) as brackets
    from parameter
),

bracket as (
    select
        * exclude (brackets),
        unnest(brackets) as item,
        unnest(range(1, len(brackets) + 1)) as bracket_no
    from filled
)

select
    * exclude (item),
    coalesce(cast(lag(cast(json_extract_string(item, '$.up_to') as decimal(18, 2))) over (
        partition by day order by bracket_no) * 100 as bigint), -1) as above_fen,
    coalesce(cast(cast(json_extract_string(item, '$.up_to') as decimal(18, 2)) * 100 as bigint), 9223372036854775807)
        as up_to_base_fen,
    cast(cast(json_extract_string(item, '$.rate') as decimal(9, 6)) * 1000000 as bigint) as rate_ppm,
    cast(cast(coalesce(json_extract_string(item, '$.quick'), '0') as decimal(18, 2)) * 100 as bigint) as quick_fen
from bracket
