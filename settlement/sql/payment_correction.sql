-- One row per posting that takes back a payment which the feed no longer reports as it was posted: it failed (5.3), or its
-- amounts, month or promoter are others. The other payments of the same statement are taken back with it, and posted anew
-- into what is free then. Each posting of a payment is turned round. What of an excess later months have
-- paid off already is the promoter's again: the offset is undone, and the next statement carries it in.
create or replace table payment_correction as
with payout as (
    select
        left(sha256('payout|' || payout_id), 16) as hash,
        promoter_id,
        month,
        status,
        net_fen,
        tax_fen
    from payouts
),

changed as (
    select
        b.promoter_id,
        b.month
    from posted_payment as b
    inner join payout as p on b.hash = p.hash
    where
        b.times_paid > b.times_back
        and (
            p.status <> 'paid' or p.net_fen <> b.net_fen or p.tax_fen <> b.tax_fen or p.month <> b.month
            or p.promoter_id <> b.promoter_id
        )
),

wrong as (
    select
        b.transaction_id as corrects,
        b.hash,
        b.times_back
    from posted_payment as b
    semi join changed as c on b.promoter_id = c.promoter_id and b.month = c.month
    where b.times_paid > b.times_back
),

turned as (
    select
        w.corrects,
        w.hash,
        w.times_back,
        a.promoter_id,
        a.month,
        a.posting_no,
        a.credit_account as debit_account,
        a.debit_account as credit_account,
        a.amount_fen
    from wrong as w
    inner join all_posting as a on w.corrects = a.transaction_id
    where a.credit_account in ('cash', 'tax_payable')
),

excess as (
    select
        corrects,
        hash,
        times_back,
        promoter_id,
        month,
        cast(sum(amount_fen) as bigint) as excess_fen
    from turned
    where credit_account = 'clawback_receivable'
    group by all
),

undone as (
    select
        e.*,
        cast(sum(e.excess_fen) over (partition by e.promoter_id order by e.corrects) as bigint) as to_fen,
        coalesce(o.open_fen, 0) as open_fen
    from excess as e
    left join balance_owed as o on e.promoter_id = o.promoter_id
),

move as (
    select corrects, hash, times_back, promoter_id, month, posting_no, debit_account, credit_account, amount_fen
    from turned
    union all
    select
        corrects, hash, times_back, promoter_id, month, 6, 'clawback_receivable', 'promoter_payable',
        greatest(to_fen - open_fen, 0) - greatest(to_fen - excess_fen - open_fen, 0)
    from undone
)

select
    'T' || strftime($as_of, '%Y%m%d') || '-' || replace(month, '-', '') || '-75'
    || case when times_back > 0 then '.' || times_back else '' end || '-' || hash as transaction_id,
    cast(posting_no as bigint) as posting_no,
    $as_of as posted_on,
    month,
    month as earning_month,
    promoter_id,
    debit_account,
    credit_account,
    amount_fen,
    '5.3' as cause,
    corrects
from move
where amount_fen > 0
