-- One row per posting of a paid payout that is known and not posted yet, where its statement is issued (4.4(3), 5.1).
-- It fills what is payable; what goes beyond is the promoter's debt. Tax is what the payout says was withheld.
create or replace table payment_posting as
with lined_up as (
    select
        f.*,
        coalesce(r.rest_fen, 0) as rest_fen,
        coalesce(r.rest_fen - r.held_fen, 0) as unheld_fen,
        r.hold_cause,
        cast(sum(f.gross_fen) over (partition by f.promoter_id, f.month order by f.paid_at, f.payout_id) as bigint)
            as to_fen
    from fresh_payout as f
    left join statement_rest as r on f.promoter_id = r.promoter_id and f.month = r.month
),

split as (
    select
        *,
        least(to_fen, rest_fen) - least(to_fen - gross_fen, rest_fen) as filled_fen,
        greatest(least(to_fen, rest_fen) - greatest(to_fen - gross_fen, unheld_fen), 0) as unhold_fen
    from lined_up
),

move as (
    select *, 1 as posting_no, 'promoter_held' as debit_account, 'promoter_payable' as credit_account, unhold_fen as amount_fen
    from split
    union all
    select *, 2, 'promoter_payable', 'cash', least(filled_fen, net_fen)
    from split
    union all
    select *, 3, 'promoter_payable', 'tax_payable', greatest(filled_fen - net_fen, 0)
    from split
    union all
    select *, 4, 'clawback_receivable', 'cash', greatest(net_fen - filled_fen, 0)
    from split
    union all
    select *, 5, 'clawback_receivable', 'tax_payable', gross_fen - filled_fen - greatest(net_fen - filled_fen, 0)
    from split
)

select
    'T' || strftime($as_of, '%Y%m%d') || '-' || replace(month, '-', '') || '-70'
    || case when times_back > 0 then '.' || times_back else '' end || '-' || hash as transaction_id,
    cast(posting_no as bigint) as posting_no,
    $as_of as posted_on,
    month,
    month as earning_month,
    promoter_id,
    debit_account,
    credit_account,
    amount_fen,
    case when posting_no = 1 then hold_cause else '4.4(3)' end as cause,
    cast(null as varchar) as corrects
from move
where amount_fen > 0
