-- One row per referred account, with a number for grouping.
create table referred_account as
select
    referrals.invitee_id as account_id,
    promoter_number.promoter_no,
    referrals.promoter_id,
    cast(row_number() over () as integer) as account_no
from referrals
inner join promoter_number on referrals.promoter_id = promoter_number.promoter_id
