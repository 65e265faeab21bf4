-- One row per recovery notice that this run leaves, and per earlier one that it calls back (4.4(1)).
-- An open balance is demanded once: a claw_back leaves one notice; after a cancel_programme, after which little is earned, each
-- growth of the balance leaves another. Where less is owed by now than the standing notices ask for (offsets, an overturned
-- decision, a payment that failed), they are called back, and one notice asks for what is left.
create or replace table settlement_instruction as
with too_much as (
    select * from recovery_claim
    where asked_fen > claim_fen and (less_since or asked_fen > cash_fen)
),

demanding as (
    select
        d.promoter_id,
        min(d.decision_id) as decision_id
    from decision_known as d
    anti join books_instruction as b
        on d.decision_id = b.decision_id and d.measure = 'claw_back' and b.kind = 'recovery_notice'
    where d.on_now and d.measure in ('claw_back', 'cancel_programme')
    group by all
),

told as (
    select
        n.calling_back as instruction_id,
        'cancel_instruction' as kind,
        n.promoter_id as subject_id,
        n.decision_id,
        cast(null as bigint) as amount_fen
    from standing_notice as n
    semi join too_much as t on n.promoter_id = t.promoter_id
    union all
    select
        'I' || left(sha256(concat_ws('|', 'recovery_notice', instruction_id)), 16) as instruction_id,
        'recovery_notice' as kind,
        promoter_id as subject_id,
        decision_id,
        claim_fen as amount_fen
    from too_much
    where claim_fen > 0
    union all
    select
        'I' || left(sha256(concat_ws('|', d.decision_id, 'recovery_notice', c.added_fen)), 16) as instruction_id,
        'recovery_notice' as kind,
        c.promoter_id as subject_id,
        d.decision_id,
        least(c.fresh_fen, c.claim_fen - c.asked_fen) as amount_fen
    from recovery_claim as c
    inner join demanding as d on c.promoter_id = d.promoter_id
    anti join too_much as t on c.promoter_id = t.promoter_id
    where least(c.fresh_fen, c.claim_fen - c.asked_fen) > 0
)

select
    instruction_id,
    kind,
    subject_id,
    decision_id,
    $as_of as created_on,
    amount_fen
from told
