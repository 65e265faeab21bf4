-- One row per payout to a reported promoter.
create or replace table report_payout as
select
    payouts.promoter_id,
    payouts.payout_id,
    payouts.month,
    natural_day(payouts.paid_at, $zone) as paid_on,
    payouts.gross_fen,
    payouts.tax_fen,
    payouts.net_fen,
    payouts.status
from payouts
inner join report_promoter on payouts.promoter_id = report_promoter.promoter_id
order by payouts.promoter_id, payouts.paid_at, payouts.payout_id
