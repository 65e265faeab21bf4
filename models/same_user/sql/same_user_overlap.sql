-- One row per old group and new group (by its label) with members in common.
create or replace table same_user_overlap as
select
    same_user_known.group_id,
    same_user_known.born_seq,
    same_user_member.label,
    count(*) as members
from same_user_known
inner join same_user_member
    on same_user_known.account_id = same_user_member.account_id
group by all
