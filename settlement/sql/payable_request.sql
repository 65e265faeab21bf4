-- One row per issued statement with something payable: its first request, the failed payouts that no later request or
-- payment has answered (5.3), and the payer (6.1(6)): fixed at the request, or for
-- what was paid without one at the payment, else the party in force now.
create or replace table payable_request as
with requested as (
    select
        promoter_id,
        month,
        min(requested_at) as first_at,
        max(requested_at) as last_at
    from payout_requests
    group by all
),

paid as (
    select
        promoter_id,
        month,
        min(paid_at) as first_paid_at,
        max(paid_at) as last_paid_at
    from payouts
    where status = 'paid'
    group by all
),

failed as (
    select
        p.promoter_id,
        p.month,
        cast(sum(p.gross_fen) as bigint) as failed_fen
    from payouts as p
    left join requested as r on p.promoter_id = r.promoter_id and p.month = r.month
    left join paid as d on p.promoter_id = d.promoter_id and p.month = d.month
    where
        p.status = 'failed'
        and p.paid_at >= coalesce(r.last_at, p.paid_at)
        and p.paid_at >= coalesce(d.last_paid_at, p.paid_at)
    group by all
)

select
    s.promoter_id,
    s.month,
    r.first_at as requested_at,
    coalesce(f.failed_fen, 0) as failed_fen,
    coalesce(before.payer, first_day.payer) as payer,
    coalesce(before_paid.payer, first_day.payer) as payer_of_paid
from issued_statement as s
left join requested as r on s.promoter_id = r.promoter_id and s.month = r.month
left join failed as f on s.promoter_id = f.promoter_id and s.month = f.month
-- A change of the party counts from the 1st of the next month: the last day of the month before tells who pays.
left join day_setting as before
    on before.day = date_trunc('month', coalesce(natural_day(r.first_at, $zone), $as_of)) - interval 1 day
left join paid as p on s.promoter_id = p.promoter_id and s.month = p.month
left join day_setting as before_paid
    on before_paid.day = date_trunc('month', natural_day(coalesce(r.first_at, p.first_paid_at), $zone)) - interval 1 day
cross join (select min_by(payer, day) as payer from day_setting) as first_day
where s.payable_fen > 0
