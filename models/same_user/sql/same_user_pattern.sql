-- One row per scored pair and kind that both accounts have: the level met (-1 when they share none of the kind), how
-- likely strangers are to agree so, and an analyst's verdict on the pair's referral (null without one).
create or replace table same_user_pattern as
with pair as (
    select
        same_user_score.a,
        same_user_score.b,
        row_number() over (order by same_user_score.a, same_user_score.b) - 1 as pair_no
    from same_user_score
),
has as (
    select distinct
        same_user_account.account_no,
        identifier_use.kind
    from identifier_use
    inner join same_user_account
        on identifier_use.account_id = same_user_account.account_id
),
last_verdict as (
    select
        books_finding.subject_id as invitee_id,
        arg_max(books_verdict.verdict, books_verdict.entry_no) as verdict
    from books_verdict
    inner join books_finding
        on books_verdict.finding_id = books_finding.finding_id
    where books_finding.clause = '2.2(3)' and books_finding.subject_kind = 'referral'
    group by books_finding.subject_id
),
judged as (
    select
        least(promoter.account_no, invitee.account_no) as a,
        greatest(promoter.account_no, invitee.account_no) as b,
        max(case last_verdict.verdict when 'confirmed' then 1.0 when 'false_alarm' then 0.0 end) as known
    from last_verdict
    inner join referrals
        on last_verdict.invitee_id = referrals.invitee_id
    inner join same_user_account as promoter
        on referrals.promoter_id = promoter.account_id
    inner join same_user_account as invitee
        on referrals.invitee_id = invitee.account_id
    group by all
)
select
    pair.pair_no,
    one.kind,
    coalesce(same_user_weight.level_no, -1) as level_no,
    coalesce(same_user_level.m / pow(2, same_user_weight.weight_ubits / 1e6), 1.0) as u,
    judged.known
from pair
inner join has as one
    on pair.a = one.account_no
inner join has as other
    on pair.b = other.account_no and one.kind = other.kind
left join same_user_weight
    on pair.a = same_user_weight.a and pair.b = same_user_weight.b and one.kind = same_user_weight.kind
left join same_user_level
    on same_user_weight.level_no = same_user_level.level_no
left join judged
    on pair.a = judged.a and pair.b = judged.b
