-- One row per pair of accounts, a < b, of which one referred the other.
create or replace table same_user_referral as
select distinct
    least(promoter.account_no, invitee.account_no) as a,
    greatest(promoter.account_no, invitee.account_no) as b
from referrals
inner join same_user_account as promoter
    on referrals.promoter_id = promoter.account_id
inner join same_user_account as invitee
    on referrals.invitee_id = invitee.account_id
where promoter.account_no <> invitee.account_no
