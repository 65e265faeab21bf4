-- One row per pair, common token and level that fits: what it would be worth, in millionths of a bit.
create or replace table same_user_option as
with gapped as (
    select
        same_user_shared.a,
        same_user_shared.b,
        same_user_shared.referral,
        same_user_shared.kind,
        same_user_shared.token_no,
        coalesce(same_user_ip_meeting.entities, same_user_shared.entities) as entities,
        same_user_shared.class,
        coalesce(same_user_ip_meeting.gap_days, same_user_shared.gap_days) as gap_days
    from same_user_shared
    left join same_user_ip_meeting
        on same_user_shared.a = same_user_ip_meeting.a and same_user_shared.b = same_user_ip_meeting.b
        and same_user_shared.token_no = same_user_ip_meeting.token_no
)
select
    gapped.a,
    gapped.b,
    gapped.referral,
    gapped.kind,
    gapped.token_no,
    gapped.entities,
    same_user_level.level_no,
    gapped.entities <= same_user_level.candidate_cap as rare,
    cast(round(1e6 * log2(same_user_level.m / greatest(
        same_user_level.u_floor,
        case when same_user_level.identifies then 0 else (gapped.entities - 1) / ($entities - 1) end,
        case when gapped.referral then same_user_level.referral_u else 0 end
    ))) as bigint) as weight_ubits
from gapped
inner join same_user_level
    on gapped.kind = same_user_level.kind
where gapped.gap_days <= same_user_level.within_days
    and not list_contains(same_user_level.not_classes, gapped.class)
