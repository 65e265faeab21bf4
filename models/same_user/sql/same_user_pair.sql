-- One row per pair of accounts, a < b, worth scoring, in numbers.
create or replace table same_user_pair as
select
    one.account_no as a,
    other.account_no as b,
    same_user_asked.referral
from same_user_asked
inner join same_user_account as one
    on same_user_asked.one_id = one.account_id
inner join same_user_account as other
    on same_user_asked.other_id = other.account_id
