-- One row per pair that looks like a household: one door beside one device or line; or one device and one line, where the two
-- were never at the line on one day or within $apart_hours hours, or used the device a day apart, so that it went from one to
-- the other (handed). However many hold them: strangers who come to a door or a line must not take away what speaks against the pair.
create or replace table same_user_home as
with door as (
    select
        same_user_common.a,
        same_user_common.b,
        same_user_common.kind
    from same_user_common
    inner join same_user_level
        on same_user_common.kind = same_user_level.kind
    where same_user_level.level_no = $door_no
        and same_user_common.gap_days <= same_user_level.within_days
        and not list_contains(same_user_level.not_classes, same_user_common.class)
),
met as (
    select
        a,
        b
    from same_user_ip_meeting
    group by all
    having min(gap_hours) < $apart_hours
),
at_once as (
    select
        same_user_common.a,
        same_user_common.b
    from same_user_common
    semi join met
        on same_user_common.a = met.a and same_user_common.b = met.b
    where same_user_common.kind = 'device' and same_user_common.gap_days = 0
),
look as (
    select
        door.a,
        door.b,
        false as handed
    from door
    inner join same_user_common as beside
        on door.a = beside.a and door.b = beside.b and door.kind <> beside.kind
    inner join same_user_kind
        on beside.kind = same_user_kind.kind
    where same_user_kind.joint
    union all
    select
        device.a,
        device.b,
        true as handed
    from same_user_common as device
    inner join same_user_common as line
        on device.a = line.a and device.b = line.b
    anti join at_once
        on device.a = at_once.a and device.b = at_once.b
    where device.kind = 'device' and line.kind = 'ip'
)
select
    a,
    b,
    bool_and(handed) as handed,
    bool_or(handed) as went_round
from look
group by all
