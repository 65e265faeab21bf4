-- One row per pair with one door and one device or line, however many hold them: strangers who come to a door or a line
-- must not take away what speaks against the pair.
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
)
select distinct
    door.a,
    door.b
from door
inner join same_user_common as beside
    on door.a = beside.a and door.b = beside.b and door.kind <> beside.kind
inner join same_user_kind
    on beside.kind = same_user_kind.kind
where same_user_kind.joint
