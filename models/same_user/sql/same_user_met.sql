-- One row per referral between two accounts that are in one group, or linked as possibly the same; by_path when it is
-- other accounts that connect them.
create or replace table same_user_met as
select
    promoter.account_no as promoter_no,
    invitee.account_no as invitee_no,
    mine.label_no as label_no,
    mine.status,
    mine.label_no is not null and coalesce(same_user_link.outcome, '') not in ('same_person', 'same_controller') as by_path
from referrals
inner join same_user_account as promoter
    on referrals.promoter_id = promoter.account_id
inner join same_user_account as invitee
    on referrals.invitee_id = invitee.account_id
left join same_user_group as theirs
    on promoter.account_no = theirs.account_no
left join same_user_group as mine
    on invitee.account_no = mine.account_no and theirs.label_no = mine.label_no
left join same_user_link
    on least(promoter.account_no, invitee.account_no) = same_user_link.a
    and greatest(promoter.account_no, invitee.account_no) = same_user_link.b
where promoter.account_no <> invitee.account_no
    and (mine.label_no is not null or same_user_link.outcome = 'possibly')
