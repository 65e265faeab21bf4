-- One row per pair and common token, in numbers; gap_days is the time between their uses, 0 when they overlap.
create or replace table same_user_shared as
select
    same_user_common.a,
    same_user_common.b,
    same_user_common.referral,
    same_user_common.kind,
    same_user_token.token_no,
    same_user_token.entities,
    same_user_common.class,
    same_user_common.first_seen,
    same_user_common.last_seen,
    same_user_common.gap_days
from same_user_common
inner join same_user_token
    on same_user_common.token = same_user_token.token
