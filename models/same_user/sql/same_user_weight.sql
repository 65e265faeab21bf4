-- One row per pair and kind that they share: the best token, not the sum, at its best level, in millionths of a bit.
create or replace table same_user_weight as
with gapped as (
    select
        same_user_shared.a,
        same_user_shared.b,
        same_user_shared.referral,
        same_user_shared.kind,
        same_user_shared.token_no,
        coalesce(same_user_ip_meeting.entities, same_user_shared.entities) as entities,
        same_user_shared.class,
        same_user_shared.first_seen,
        same_user_shared.last_seen,
        coalesce(same_user_ip_meeting.gap_days, same_user_shared.gap_days) as gap_days
    from same_user_shared
    left join same_user_ip_meeting
        on same_user_shared.a = same_user_ip_meeting.a and same_user_shared.b = same_user_ip_meeting.b
        and same_user_shared.token_no = same_user_ip_meeting.token_no
),
weighed as (
    select
        gapped.a,
        gapped.b,
        gapped.referral,
        gapped.kind,
        gapped.token_no,
        gapped.entities,
        gapped.first_seen,
        gapped.last_seen,
        same_user_level.level,
        gapped.entities <= same_user_kind.candidate_cap as rare,
        greatest(0, cast(round(1e6 * log2(same_user_level.m / greatest(
            same_user_kind.u_floor,
            case when same_user_kind.identifies then 0 else (gapped.entities - 1) / ($entities - 1) end,
            case when gapped.referral then same_user_kind.referral_u else 0 end
        ))) as bigint)) as weight_ubits
    from gapped
    inner join same_user_kind
        on gapped.kind = same_user_kind.kind
    inner join same_user_level
        on gapped.kind = same_user_level.kind
    where (same_user_level.within_days is null or gapped.gap_days <= same_user_level.within_days)
        and not list_contains(same_user_level.not_classes, gapped.class)
),
best as (
    select
        a,
        b,
        referral,
        kind,
        max({
            weight_ubits: weight_ubits, rare: rare, place: -token_no, entities: entities, first_seen: first_seen,
            last_seen: last_seen, level: level
        }) as token
    from weighed
    group by all
)
select
    a,
    b,
    referral,
    kind,
    -token.place as token_no,
    token.level as level,
    token.entities as entities,
    token.first_seen as first_seen,
    token.last_seen as last_seen,
    token.rare and token.weight_ubits > 0 as rare,
    token.weight_ubits as weight_ubits
from best
where token.weight_ubits > 0
