-- One row per referral: what the feeds alone say of the relation (no decision, no group).
create or replace table relation_fact as
with registered as (
    select
        r.invitee_id,
        r.promoter_id,
        a.registered_at,
        natural_day(a.registered_at, $zone) as registered_on
    from referrals as r
    inner join accounts as a on r.invitee_id = a.account_id
),

tied as (
    select distinct r.invitee_id
    from registered as r
    inner join affiliations as f on r.invitee_id = f.account_id
    where r.registered_at >= f.valid_from and (f.valid_to is null or r.registered_at < f.valid_to)
),

standing_then as (
    select
        r.invitee_id,
        max(case when s.to_at < $cutoff_at then s.to_at end) as to_at
    from registered as r
    inner join standing as s on r.promoter_id = s.promoter_id
    where r.registered_at >= s.from_at and (s.to_at is null or r.registered_at < s.to_at)
    group by all
)

select
    r.invitee_id,
    r.promoter_id,
    r.registered_at as starts_at,
    day_start(
        r.registered_on + cast(d.window_days + case when d.start_day_counts then 0 else 1 end as integer), $zone
    ) as natural_end_at,
    t.invitee_id is not null as tied,
    s.invitee_id is not null as in_standing,
    s.to_at as standing_to_at
from registered as r
inner join day_setting as d on r.registered_on = d.day
left join tied as t on r.invitee_id = t.invitee_id
left join standing_then as s on r.invitee_id = s.invitee_id
