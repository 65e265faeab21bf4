-- One row per promoter with a decision or an open finding; with $only, that promoter whatever is known of it.
create or replace table report_promoter as
with named as (
    select coalesce(promoter_id, case when subject_kind = 'promoter' then subject_id end) as promoter_id from finding
    union
    select coalesce(promoter_id, case when subject_kind = 'promoter' then subject_id end) from decision
    union
    select account_id from accounts where account_id = cast($only as varchar)
),
membership as (
    select
        promoter_id,
        min(joined_at) as joined_at,
        max_by(consented_version, joined_at) as consented_version,
        max_by(case when left_at < $cutoff_at then left_at end, joined_at) as left_at
    from promoters
    group by all
),
referred as (
    select promoter_id, count(*) as invitees from referrals group by all
),
stood as (
    select
        promoter_id,
        bool_or(from_at < $cutoff_at and (to_at is null or to_at >= $cutoff_at)) as in_good_standing,
        max_by(ended_by, from_at) as ended_by
    from standing
    group by all
)
select
    named.promoter_id,
    membership.joined_at,
    membership.left_at,
    membership.consented_version,
    accounts.account_type,
    accounts.verified_as,
    coalesce(referred.invitees, 0) as invitees,
    coalesce(stood.in_good_standing, false) as in_good_standing,
    stood.ended_by
from named
left join membership on named.promoter_id = membership.promoter_id
left join accounts on named.promoter_id = accounts.account_id
left join referred on named.promoter_id = referred.promoter_id
left join stood on named.promoter_id = stood.promoter_id
where named.promoter_id is not null and (cast($only as varchar) is null or named.promoter_id = cast($only as varchar))
order by named.promoter_id
