-- One row per event since the last run: a group was created, joined, left, merged into another, split off or retired.
create or replace table group_event as
with before as (
    select distinct group_id
    from same_user_known
),
after as (
    select distinct group_id
    from group_member
),
moved as (
    select
        same_user_known.group_id as old_id,
        group_member.group_id as new_id,
        count(*) as members
    from same_user_known
    inner join group_member
        on same_user_known.account_id = group_member.account_id
    group by all
),
gone as (
    select
        before.group_id,
        arg_max(moved.new_id, row(moved.members, moved.new_id)) as into_id
    from before
    anti join after
        on before.group_id = after.group_id
    left join moved
        on before.group_id = moved.old_id
    group by all
),
split_off as (
    select
        after.group_id,
        arg_max(moved.old_id, row(moved.members, moved.old_id)) as from_id
    from after
    anti join before
        on after.group_id = before.group_id
    inner join moved
        on after.group_id = moved.new_id
    group by all
)
select group_id, 'created' as event, '' as account_id, '' as other_group_id
from after
anti join before
    using (group_id)
union all
select group_id, 'split' as event, '' as account_id, from_id as other_group_id
from split_off
union all
select group_id, 'merged' as event, '' as account_id, into_id as other_group_id
from gone
where into_id is not null
union all
select group_id, 'retired' as event, '' as account_id, '' as other_group_id
from gone
where into_id is null
union all
select group_member.group_id, 'joined' as event, group_member.account_id, '' as other_group_id
from group_member
anti join same_user_known
    on group_member.account_id = same_user_known.account_id and group_member.group_id = same_user_known.group_id
union all
select same_user_known.group_id, 'left' as event, same_user_known.account_id, '' as other_group_id
from same_user_known
anti join group_member
    on same_user_known.account_id = group_member.account_id and same_user_known.group_id = group_member.group_id
