-- One row per account in a group; label is the group's smallest account id.
create or replace table same_user_member as
select
    member.account_id,
    first_member.account_id as label,
    same_user_group.group_size,
    same_user_group.cohesion,
    same_user_group.status
from same_user_group
inner join same_user_account as member
    on same_user_group.account_no = member.account_no
inner join same_user_account as first_member
    on same_user_group.label_no = first_member.account_no
