-- One row per referral whose promoter and invitee are in one group, or are linked as possibly the same. A promoter that
-- referred its own account is the same person by that alone.
create or replace table referral_same as
select
    invitee.account_id as invitee_id,
    promoter.account_id as promoter_id,
    group_member.group_id,
    group_member.status as group_status,
    same_user_step.outcome,
    same_user_step.match_ubits / 1e6 as match_weight,
    same_user_step.probability as match_probability,
    same_user_step.hops,
    cast(coalesce(same_user_step.evidence, '[]') as varchar) as evidence
from same_user_step
inner join same_user_met
    on same_user_step.invitee_no = same_user_met.invitee_no
inner join same_user_account as promoter
    on same_user_step.promoter_no = promoter.account_no
inner join same_user_account as invitee
    on same_user_step.invitee_no = invitee.account_no
left join group_member
    on invitee.account_id = group_member.account_id and same_user_met.label_no is not null
union all
select
    referrals.invitee_id,
    referrals.promoter_id,
    group_member.group_id,
    coalesce(group_member.status, 'linked') as group_status,
    'same_person' as outcome,
    $must_link_ubits / 1e6 as match_weight,
    1.0 as match_probability,
    0 as hops,
    '[]' as evidence
from referrals
left join group_member
    on referrals.invitee_id = group_member.account_id
where referrals.invitee_id = referrals.promoter_id
