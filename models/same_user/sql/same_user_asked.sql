-- One row per pair of accounts, one < other, worth scoring: they share a strong token under its candidate cap, or one
-- referred the other. Everything that can be called the same starts from a strong token, so nothing is lost here.
create or replace table same_user_asked as
with met as (
    select
        one.account_id as one_id,
        other.account_id as other_id,
        false as referral
    from same_user_start as one
    inner join same_user_start as other
        on one.token = other.token and one.account_id < other.account_id
    where one.place is null
    union all
    select
        least(one.account_id, other.account_id) as one_id,
        greatest(one.account_id, other.account_id) as other_id,
        false as referral
    from same_user_start as one
    inner join same_user_start as other
        on one.token = other.token and other.place = one.place + 1
    union all
    select
        least(promoter_id, invitee_id) as one_id,
        greatest(promoter_id, invitee_id) as other_id,
        true as referral
    from referrals
    where promoter_id <> invitee_id
)
select
    one_id,
    other_id,
    bool_or(referral) as referral
from met
group by one_id, other_id
