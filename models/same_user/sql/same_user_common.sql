-- One row per pair and token that both accounts hold, of whatever time; ip meets day by day in same_user_ip_meeting.
create or replace table same_user_common as
select
    same_user_pair.a,
    same_user_pair.b,
    same_user_pair.referral,
    one.kind,
    one.token,
    one.class,
    least(one.first_seen, other.first_seen) as first_seen,
    greatest(one.last_seen, other.last_seen) as last_seen,
    greatest(
        0,
        date_sub('day', least(one.last_seen, other.last_seen), greatest(one.first_seen, other.first_seen))
    ) as gap_days
from same_user_pair
inner join same_user_once as one
    on same_user_pair.a = one.account_no
inner join same_user_once as other
    on same_user_pair.b = other.account_no and one.token = other.token
