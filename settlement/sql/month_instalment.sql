-- One row per instalment of a statement of $month: shares of the plan in force at issue, rounded; the last takes the rest.
create or replace table month_instalment as
with plan as (
    select
        place as instalment_no,
        max(place) over () as last_no,
        cast(cast(json_extract_string(part, '$.share') as decimal(9, 6)) * 1000000 as bigint) as share_ppm,
        cast(coalesce(json_extract_string(part, '$.after_months'), '0') as integer) as after_months
    from (
        select
            unnest(cast(instalments as json[])) as part,
            unnest(range(1, cast(json_array_length(instalments) as bigint) + 1)) as place
        from day_setting
        where day = $as_of
    )
),

shared as (
    select
        s.promoter_id,
        s.payable_fen,
        p.*,
        cast(sum(round_ppm(s.payable_fen, p.share_ppm)) over (
            partition by s.promoter_id order by p.instalment_no
        ) as bigint) as to_fen,
        round_ppm(s.payable_fen, p.share_ppm) as share_fen
    from month_statement as s
    cross join plan as p
    where s.payable_fen > 0
)

select
    promoter_id,
    $month as month,
    cast(instalment_no as bigint) as instalment_no,
    cast(last_day(cast($month || '-01' as date) + to_months(1 + after_months)) as date) as due_on,
    case when instalment_no = last_no then payable_fen else least(to_fen, payable_fen) end
    - least(to_fen - share_fen, payable_fen) as amount_fen
from shared
