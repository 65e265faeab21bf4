-- One row per account whose group or status differs from the books; a null group means that it left every group.
create or replace table membership_change as
select
    coalesce(group_member.account_id, same_user_known.account_id) as account_id,
    group_member.group_id,
    group_member.status
from group_member
full join same_user_known
    on group_member.account_id = same_user_known.account_id
where group_member.group_id is distinct from same_user_known.group_id
    or group_member.status is distinct from same_user_known.status
