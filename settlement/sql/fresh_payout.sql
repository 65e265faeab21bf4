-- One row per paid payout that is known, not posted yet, and whose statement is issued.
create or replace table fresh_payout as
select
    p.payout_id,
    p.promoter_id,
    p.month,
    p.paid_at,
    p.gross_fen,
    p.net_fen,
    left(sha256('payout|' || p.payout_id), 16) as hash,
    coalesce(b.times_back, 0) as times_back
from payouts as p
semi join issued_statement as s on p.promoter_id = s.promoter_id and p.month = s.month
left join posted_payment as b on left(sha256('payout|' || p.payout_id), 16) = b.hash
where p.status = 'paid' and p.gross_fen > 0 and coalesce(b.times_paid = b.times_back, true)
