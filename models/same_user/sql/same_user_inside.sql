-- One row per same pair of the groups in which some referral needs a path.
create or replace table same_user_inside as
with asked as (
    select distinct label_no
    from same_user_met
    where by_path
)
select
    same_user_link.a,
    same_user_link.b,
    same_user_link.match_ubits
from same_user_link
inner join same_user_group
    on same_user_link.a = same_user_group.account_no
semi join asked
    on same_user_group.label_no = asked.label_no
where same_user_link.outcome in ('same_person', 'same_controller')
order by a, b
