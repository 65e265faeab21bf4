-- One row per referral made in good standing: has its promoter lost the standing since (2.3(3))? Where the promoter's
-- history contradicts itself after the registration nobody can tell.
with referred as (
    select
        r.invitee_id,
        r.promoter_id,
        a.registered_at,
        s.to_at,
        s.ended_by
    from referrals as r
    inner join accounts as a on r.invitee_id = a.account_id
    inner join standing as s
        on r.promoter_id = s.promoter_id and s.from_at <= a.registered_at and (s.to_at is null or a.registered_at < s.to_at)
),

contradicted as (
    select distinct r.invitee_id
    from referred as r
    inner join account_span as s
        on r.promoter_id = s.account_id and s.contradicts and (s.to_at is null or s.to_at > r.registered_at)
)

select
    'referral' as subject_kind,
    r.invitee_id as subject_id,
    r.promoter_id,
    case when r.to_at is not null then 'met' when c.invitee_id is not null then 'unknown' else 'not_met' end as status,
    case
        when r.to_at is not null then concat('good standing ended by ', r.ended_by)
        when c.invitee_id is not null then 'the changes of the account contradict each other'
        else 'in good standing still'
    end as reason,
    json_object('ended_on', strftime(natural_day(r.to_at, $zone), '%Y-%m-%d'), 'ended_by', r.ended_by) as evidence
from referred as r
left join contradicted as c on r.invitee_id = c.invitee_id
