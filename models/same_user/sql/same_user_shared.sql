-- One row per pair and token that both accounts hold; gap_days is the time between their uses, 0 when they overlap.
create or replace table same_user_shared as
select
    same_user_pair.a,
    same_user_pair.b,
    same_user_pair.referral,
    one.kind,
    one.token_no,
    one.entities,
    one.class,
    least(one.first_seen, other.first_seen) as first_seen,
    greatest(one.last_seen, other.last_seen) as last_seen,
    greatest(
        0,
        date_sub('day', least(one.last_seen, other.last_seen), greatest(one.first_seen, other.first_seen))
    ) as gap_days
from same_user_pair
inner join same_user_holder as one
    on same_user_pair.a = one.account_no
inner join same_user_holder as other
    on same_user_pair.b = other.account_no and one.token_no = other.token_no
