-- One row per referred account and month of payment: whether its cash comes to just below what fills the cap at some rate
-- (3.4(2)): within 2 percent below `invitee_month_cap / rate` of a tier in force.
create table cap_month as
with seen as (
    select distinct paid_day
    from referred_order
),

calendar as (
    select
        paid_day,
        cast(date_trunc('month', date '1970-01-01' + paid_day) as date) as month_on
    from seen
),

paid as (
    select
        referred_order.account_no,
        calendar.month_on,
        cast(sum(referred_order.cash_fen) as bigint) as cash_fen
    from referred_order
    inner join calendar on referred_order.paid_day = calendar.paid_day
    where referred_order.account_no >= 0
    group by all
),

cap as (
    select
        from_day,
        coalesce(to_day, date '9999-12-31') as to_day,
        try_cast(json_extract_string(value, '$') as decimal(18, 2)) * 100 as cap_fen
    from parameter_span
    where path = 'rebate.invitee_month_cap'
),

rate as (
    select
        from_day,
        coalesce(to_day, date '9999-12-31') as to_day,
        unnest(cast(json_extract_string(value, '$[*].rate') as decimal(9, 6)[])) as rate
    from parameter_span
    where path = 'rebate.tiers'
),

target as (
    select distinct
        greatest(cap.from_day, rate.from_day) as from_day,
        least(cap.to_day, rate.to_day) as to_day,
        cast(cap.cap_fen / rate.rate as bigint) as cash_fen
    from cap
    inner join rate on cap.from_day <= rate.to_day and rate.from_day <= cap.to_day
    where cap.cap_fen > 0 and rate.rate > 0
)

select
    referred_account.promoter_id,
    referred_account.account_id,
    paid.month_on,
    paid.cash_fen,
    coalesce(bool_or(paid.cash_fen * 100 between target.cash_fen * 98 and target.cash_fen * 101), false) as hugging
from paid
inner join referred_account on paid.account_no = referred_account.account_no
left join target on paid.month_on between target.from_day and target.to_day
group by all
