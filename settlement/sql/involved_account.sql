-- One row per invitee of a changed promoter and account of its same user; `recorded` if the books say which of its orders
-- the last issue knew.
create or replace table involved_account as
with invitee as (
    select r.invitee_id as account_id
    from referrals as r
    semi join changed_month as c on r.promoter_id = c.promoter_id
),

mate as (
    select b.account_id
    from invitee as i
    inner join linked_member as a on i.account_id = a.account_id
    inner join linked_member as b on a.version = b.version and a.group_id = b.group_id
),

account as (
    select account_id from invitee
    union
    select account_id from mate
)

select
    a.account_id,
    r.promoter_id,
    p.promoter_id is not null as recorded
from account as a
left join referrals as r on a.account_id = r.invitee_id
left join promoter_known as p on r.promoter_id = p.promoter_id
