-- One row per pair of accounts, a < b, worth scoring: they share a strong token under its candidate cap, or one referred
-- the other. Everything that can be called the same starts from a strong token, so nothing is lost here.
-- Where one hand holds a token with very many accounts, each is paired with the next by first use, not with all.
create or replace table same_user_pair as
with starting as (
    select
        same_user_holder.token_no,
        same_user_holder.account_no,
        same_user_holder.accounts,
        case
            when same_user_holder.accounts > 64
                then row_number() over (
                    partition by same_user_holder.token_no
                    order by same_user_holder.first_seen, same_user_holder.account_no
                )
        end as place
    from same_user_holder
    inner join same_user_kind
        on same_user_holder.kind = same_user_kind.kind
    where same_user_kind.strong and same_user_holder.entities <= same_user_kind.candidate_cap
),
met as (
    select
        one.account_no as a,
        other.account_no as b
    from starting as one
    inner join starting as other
        on one.token_no = other.token_no and one.account_no < other.account_no
    where one.accounts <= 64
    union
    select
        least(one.account_no, other.account_no) as a,
        greatest(one.account_no, other.account_no) as b
    from starting as one
    inner join starting as other
        on one.token_no = other.token_no and other.place = one.place + 1
    where one.accounts > 64
    union
    select
        a,
        b
    from same_user_referral
)
select
    met.a,
    met.b,
    same_user_referral.a is not null as referral
from met
left join same_user_referral
    on met.a = same_user_referral.a and met.b = same_user_referral.b
