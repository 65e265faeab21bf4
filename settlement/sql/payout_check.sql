-- One row per payout of the feed, compared with its statement and with our tax (4.4(3), 5.1, 5.3), and per payment that was
-- posted and is gone from the feed: it bears the id of its transaction, since the ledger keeps no payout ids.
create or replace table payout_check as
with excess as (
    select right(transaction_id, 16) as hash
    from all_posting
    where
        (debit_account = 'clawback_receivable' and credit_account in ('cash', 'tax_payable'))
        or (credit_account = 'clawback_receivable' and debit_account in ('cash', 'tax_payable'))
    group by all
    having sum(case when debit_account = 'clawback_receivable' then amount_fen else -amount_fen end) > 0
),

gone as (
    select
        b.transaction_id,
        b.promoter_id,
        b.month,
        b.net_fen,
        b.tax_fen
    from posted_payment as b
    anti join payouts as p on b.hash = left(sha256('payout|' || p.payout_id), 16)
    where b.times_paid > b.times_back
)

select
    p.payout_id,
    p.promoter_id,
    p.month,
    natural_day(p.paid_at, $zone) as paid_on,
    p.status,
    p.gross_fen,
    p.tax_fen as reported_tax_fen,
    t.expected_fen as expected_tax_fen,
    t.regime,
    t.income_fen,
    t.months,
    t.deduct_fen,
    t.deduct_ppm,
    t.rate_ppm,
    t.quick_fen,
    t.before_fen,
    t.documented,
    case
        when p.status = 'failed' then 'failed'
        when s.promoter_id is null then 'no_statement'
        when e.hash is not null then 'above_payable'
        when p.tax_fen <> t.expected_fen then 'tax_differs'
        else 'agrees'
    end as verdict
from payouts as p
left join payout_tax as t on p.payout_id = t.payout_id and not t.planned
left join issued_statement as s on p.promoter_id = s.promoter_id and p.month = s.month
left join excess as e on left(sha256('payout|' || p.payout_id), 16) = e.hash
union all
select
    g.transaction_id as payout_id,
    g.promoter_id,
    g.month,
    min(a.posted_on) as paid_on,
    'paid' as status,
    g.net_fen + g.tax_fen as gross_fen,
    g.tax_fen as reported_tax_fen,
    null, null, null, null, null, null, null, null, null, null,
    'gone' as verdict
from gone as g
inner join all_posting as a on g.transaction_id = a.transaction_id
group by all
