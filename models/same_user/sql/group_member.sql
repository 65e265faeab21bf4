-- One row per account in a group of two or more, under the group's lasting id.
create or replace table group_member as
select
    same_user_member.account_id,
    same_user_name.group_id,
    same_user_member.group_size,
    same_user_member.cohesion,
    same_user_member.status
from same_user_member
inner join same_user_name
    on same_user_member.label = same_user_name.label
