-- One row per referral: was the promoter in good standing when the invitee registered (2.2(4))? No membership is no standing.
with referred as (
    select
        r.invitee_id,
        r.promoter_id,
        a.registered_at
    from referrals as r
    inner join accounts as a on r.invitee_id = a.account_id
),

good as (
    select r.invitee_id
    from referred as r
    inner join standing as s
        on r.promoter_id = s.promoter_id and s.from_at <= r.registered_at and (s.to_at is null or r.registered_at < s.to_at)
),

cancelled as (
    select r.invitee_id, min(d.decision_id) as decision_id
    from referred as r
    inner join books_decision as d
        on
            r.promoter_id = coalesce(d.promoter_id, d.subject_id)
            and d.measure = 'cancel_programme'
            and d.status in ('approved', 'applied')
            and d.effective_from <= r.registered_at
    group by r.invitee_id
),

member as (
    select
        r.invitee_id,
        bool_or(m.documented) as documented
    from referred as r
    inner join membership as m
        on r.promoter_id = m.promoter_id and m.joined_at <= r.registered_at and (m.left_at is null or r.registered_at < m.left_at)
    group by r.invitee_id
),

contradicted as (
    select distinct r.invitee_id
    from referred as r
    inner join account_span as s
        on
            r.promoter_id = s.account_id
            and s.contradicts
            and s.from_at <= r.registered_at
            and (s.to_at is null or r.registered_at < s.to_at)
),

state as (
    select
        r.*,
        c.decision_id,
        case
            when c.invitee_id is not null then 'cancelled by decision'
            when m.invitee_id is null then 'not a member when the invitee registered'
            when k.invitee_id is not null then 'the changes of the account contradict each other'
            when g.invitee_id is not null then 'in good standing'
            when not m.documented then 'no base document covers the day of joining'
            else 'a member, but not in good standing'
        end as reason
    from referred as r
    left join good as g on r.invitee_id = g.invitee_id
    left join cancelled as c on r.invitee_id = c.invitee_id
    left join member as m on r.invitee_id = m.invitee_id
    left join contradicted as k on r.invitee_id = k.invitee_id
)

select
    'referral' as subject_kind,
    invitee_id as subject_id,
    promoter_id,
    case
        when reason = 'in good standing' then 'not_met'
        when reason in ('the changes of the account contradict each other', 'no base document covers the day of joining') then 'unknown'
        else 'met'
    end as status,
    reason,
    json_object('registered_on', strftime(natural_day(registered_at, $zone), '%Y-%m-%d'), 'decision_id', decision_id) as evidence
from state
