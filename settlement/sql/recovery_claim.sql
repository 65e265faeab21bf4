-- One row per promoter with a debt or a notice that stands: how much may be asked back in all, in cash received (the tax
-- withheld on it is settled apart); what standing notices ask for; what of the debt arose after the last of them (4.4(1)).
-- Nobody is asked for what was never paid.
create or replace table recovery_claim as
with asked as (
    select
        promoter_id,
        max({'run_seq': run_seq, 'instruction_id': instruction_id, 'decision_id': decision_id}) as last_one,
        cast(sum(amount_fen) as bigint) as asked_fen
    from standing_notice
    group by all
),

posting as (
    select p.*
    from all_posting as p
    semi join balance_owed as o on p.promoter_id = o.promoter_id
),

flow as (
    select promoter_id, run_seq, debit_account as account, amount_fen from posting
    union all
    select promoter_id, run_seq, credit_account, -amount_fen from posting
),

owed as (
    select
        f.promoter_id,
        cast(coalesce(sum(f.amount_fen) filter (where f.account = 'clawback_receivable' and f.amount_fen > 0), 0) as bigint)
            as added_fen,
        cast(coalesce(sum(-f.amount_fen) filter (where f.account = 'clawback_receivable' and f.amount_fen < 0), 0) as bigint)
            as settled_fen,
        cast(coalesce(sum(f.amount_fen) filter (
            where f.account = 'clawback_receivable' and f.amount_fen > 0 and f.run_seq <= a.last_one['run_seq']
        ), 0) as bigint) as demanded_fen,
        cast(coalesce(sum(-f.amount_fen) filter (where f.account = 'cash'), 0) as bigint) as cash_fen,
        cast(coalesce(sum(-f.amount_fen) filter (where f.account in ('cash', 'tax_payable')), 0) as bigint) as paid_fen,
        -- A debt that was settled in part since, or a payment that did not arrive.
        coalesce(bool_or(f.run_seq > a.last_one['run_seq'] and (
            (f.account = 'clawback_receivable' and f.amount_fen < 0) or (f.account = 'cash' and f.amount_fen > 0)
        )), false) as less_since
    from flow as f
    left join asked as a on f.promoter_id = a.promoter_id
    group by f.promoter_id
),

bounded as (
    select
        o.*,
        greatest(least(o.added_fen - o.settled_fen - coalesce(n.never_paid_fen, 0), o.paid_fen), 0) as claim_fen,
        greatest(o.added_fen - greatest(o.settled_fen, o.demanded_fen), 0) as fresh_fen
    from owed as o
    left join never_paid as n on o.promoter_id = n.promoter_id
)

select
    b.promoter_id,
    -- Whole fen of cash in proportion, rounded down: never more than was received.
    case when b.cash_fen > 0 then cast(cast(b.claim_fen as hugeint) * b.cash_fen // b.paid_fen as bigint) else 0 end as claim_fen,
    case when b.cash_fen > 0 then cast(cast(b.fresh_fen as hugeint) * b.cash_fen // b.paid_fen as bigint) else 0 end as fresh_fen,
    b.added_fen,
    b.cash_fen,
    b.less_since,
    coalesce(a.asked_fen, 0) as asked_fen,
    a.last_one['decision_id'] as decision_id,
    a.last_one['instruction_id'] as instruction_id
from bounded as b
left join asked as a on b.promoter_id = a.promoter_id
