-- One row per finding and measure that policy takes or proposes for the first time, and whether it may act by itself.
-- What would take back paid money is never automatic: it is proposed with its claw_back (4.4(1)), for two people.
-- Nor is an irreversible measure or one for two people, and a refund burst by itself holds payouts at most (3.5(2)).
create or replace table policy_measure as
with choice as (
    select
        f.*,
        c.measure,
        c.effect,
        c.rule_no,
        c.two_people,
        c.effect = 'auto'
        and not c.two_people
        and c.measure not in (
            'cancel_rebate', 'reverse_transaction', 'claw_back', 'freeze_promoter', 'freeze_invitee', 'cancel_programme'
        )
        and (f.clause <> '3.5(2)' or c.measure = 'hold_payout') as automatic,
        case
            when c.measure = 'cancel_rebate'
                then strftime(coalesce(f.window_start, f.first_seen), '%Y-%m')
        end as month
    from policy_choice as c
    inner join finding as f on c.finding_id = f.finding_id
    anti join books_decision as b on c.finding_id = b.finding_id and c.measure = b.measure
    where c.effect in ('auto', 'propose')
),

paid_month as (
    select
        c.finding_id,
        c.measure,
        cast(sum(least(m.stake_fen, m.paid_fen)) as bigint) as paid_back_fen
    from choice as c
    inner join finding_month as m on c.finding_id = m.finding_id
    where
        c.measure in ('void_relation', 'void_order', 'reverse_transaction')
        and m.paid
        and m.stake_fen > 0
    group by all
    union all
    select
        c.finding_id,
        c.measure,
        least(m.entitlement_fen, m.paid_fen) as paid_back_fen
    from choice as c
    inner join draft_month as m on c.promoter_id = m.promoter_id and c.month = m.month
    where c.measure = 'cancel_rebate' and m.issued and m.paid_fen > 0 and m.entitlement_fen > 0
)

select
    c.finding_id,
    c.clause,
    c.measure,
    c.subject_kind,
    c.subject_id,
    c.promoter_id,
    c.month,
    c.two_people,
    c.amount_at_stake_fen,
    c.reason,
    p.paid_back_fen,
    c.automatic and p.paid_back_fen is null as applied,
    c.effect = 'auto' and p.paid_back_fen is not null as takes_back
from choice as c
left join paid_month as p on c.finding_id = p.finding_id and c.measure = p.measure
