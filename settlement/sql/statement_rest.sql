-- One row per issued statement asked for in `rest_wanted` that has something payable: what of it is neither paid nor
-- cancelled, how much of that is held, and the hold that covers it now.
create or replace table statement_rest as
with statement as (
    select
        s.promoter_id,
        s.month,
        s.payable_fen
    from issued_statement as s
    semi join rest_wanted as w on s.promoter_id = w.promoter_id and s.month = coalesce(w.month, s.month)
    where s.payable_fen > 0
),

posting as (
    select a.*
    from all_posting as a
    semi join statement as s on a.promoter_id = s.promoter_id
),

taken as (
    select
        promoter_id,
        case when credit_account = 'clawback_receivable' then earning_month else month end as month,
        cast(sum(case when credit_account = 'promoter_payable' then -amount_fen else amount_fen end) as bigint) as taken_fen
    from posting
    where
        (debit_account = 'promoter_payable' and credit_account in ('cash', 'tax_payable'))
        -- A payment that was taken back.
        or (credit_account = 'promoter_payable' and debit_account in ('cash', 'tax_payable'))
        -- An offset has its own month as earning month; a cancelled instalment belongs to an earlier statement.
        or (credit_account = 'clawback_receivable' and earning_month < month)
    group by all
),

held as (
    select
        promoter_id,
        earning_month as month,
        cast(sum(case when credit_account = 'promoter_held' then amount_fen else -amount_fen end) as bigint) as held_fen,
        max_by(cause, transaction_id) filter (where credit_account = 'promoter_held') as hold_cause
    from posting
    where credit_account = 'promoter_held' or debit_account = 'promoter_held'
    group by all
)

select
    s.promoter_id,
    s.month,
    s.payable_fen,
    s.payable_fen - coalesce(t.taken_fen, 0) as rest_fen,
    coalesce(h.held_fen, 0) as held_fen,
    h.hold_cause,
    least(m.decision_id, a.decision_id) as covered_by
from statement as s
left join taken as t on s.promoter_id = t.promoter_id and s.month = t.month
left join held as h on s.promoter_id = h.promoter_id and s.month = h.month
left join hold_cover as m on s.promoter_id = m.promoter_id and s.month = m.month
left join hold_cover as a on s.promoter_id = a.promoter_id and a.month is null
