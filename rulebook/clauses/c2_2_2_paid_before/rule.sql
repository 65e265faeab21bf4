-- One row per referral: had the invitee, or another account of its same-user group, paid before it registered (2.2(2))?
-- A group under review does not decide: what its other accounts paid is for people to judge.
with referred as (
    select
        r.invitee_id,
        r.promoter_id,
        a.registered_at,
        m.group_id,
        m.status as group_status
    from referrals as r
    inner join accounts as a on r.invitee_id = a.account_id
    left join group_member as m on r.invitee_id = m.account_id
),

-- Few accounts are referred and grouped; an account on its own can only have paid before it registered by clock skew.
own as (
    select r.invitee_id, o.account_id, o.order_id, o.paid_at, 'met' as status
    from referred as r
    inner join orders as o on r.invitee_id = o.account_id and o.cash_fen > 0 and o.paid_at < r.registered_at
),

grouped as (
    select
        r.invitee_id, o.account_id, o.order_id, o.paid_at,
        case when r.group_status = 'linked' then 'met' else 'unknown' end as status
    from referred as r
    inner join group_member as m on r.group_id = m.group_id and r.invitee_id <> m.account_id
    inner join orders as o on m.account_id = o.account_id and o.cash_fen > 0 and o.paid_at < r.registered_at
),

paid as (
    select *
    from (
        select * from own
        union all
        select * from grouped
    ) as either
    qualify row_number() over (partition by invitee_id order by status = 'met' desc, paid_at, order_id) = 1
)

select
    'referral' as subject_kind,
    r.invitee_id as subject_id,
    r.promoter_id,
    coalesce(p.status, 'not_met') as status,
    case p.status
        when 'met' then 'the same user had paid before registering'
        when 'unknown' then 'an account of a group under review had paid before'
        else 'nothing paid before'
    end as reason,
    case when p.status = 'met' then r.group_status end as group_status,
    json_object(
        'account_id', p.account_id, 'order_id', p.order_id, 'paid_on', strftime(natural_day(p.paid_at, $zone), '%Y-%m-%d'),
        'group_id', r.group_id
    ) as evidence
from referred as r
left join paid as p on r.invitee_id = p.invitee_id
