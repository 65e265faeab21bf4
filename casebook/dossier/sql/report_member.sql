-- One row per account in the same-user group of a reported promoter, or of an invitee in question.
create or replace table report_member as
with concerned as (
    select promoter_id, promoter_id as account_id from report_promoter
    union
    select promoter_id, invitee_id from report_subject
),
concerned_group as (
    select distinct concerned.promoter_id, group_member.group_id
    from concerned
    inner join group_member on concerned.account_id = group_member.account_id
)
select
    concerned_group.promoter_id,
    group_member.group_id,
    group_member.account_id,
    group_member.group_size,
    group_member.cohesion,
    group_member.status,
    referrals.invitee_id is not null as is_invitee
from concerned_group
inner join group_member on concerned_group.group_id = group_member.group_id
left join referrals
    on group_member.account_id = referrals.invitee_id and concerned_group.promoter_id = referrals.promoter_id
order by concerned_group.promoter_id, group_member.group_id, group_member.account_id
