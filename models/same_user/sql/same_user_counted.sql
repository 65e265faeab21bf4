-- One row per link and kind with the bits that count: the joint kinds together no more than their cap, strongest first.
create or replace table same_user_counted as
with chosen as (
    select
        same_user_weight.a,
        same_user_weight.b,
        same_user_weight.token_no,
        same_user_weight.level_no,
        min(same_user_option.entities) as entities
    from same_user_weight
    semi join same_user_link
        on same_user_weight.a = same_user_link.a and same_user_weight.b = same_user_link.b
    inner join same_user_option
        on same_user_weight.a = same_user_option.a and same_user_weight.b = same_user_option.b
        and same_user_weight.token_no = same_user_option.token_no
        and same_user_weight.level_no = same_user_option.level_no
        and same_user_weight.weight_ubits = same_user_option.weight_ubits
    group by all
),
running as (
    select
        same_user_weight.a,
        same_user_weight.b,
        same_user_weight.kind,
        same_user_weight.token_no,
        same_user_weight.level_no,
        same_user_weight.rare,
        same_user_weight.weight_ubits,
        chosen.entities,
        same_user_kind.joint,
        same_user_kind.strong,
        same_user_kind.identifies,
        sum(case when same_user_kind.joint then same_user_weight.weight_ubits else 0 end) over (
            partition by same_user_weight.a, same_user_weight.b
            order by same_user_weight.weight_ubits desc, same_user_weight.kind
        ) as joint_ubits
    from same_user_weight
    inner join chosen
        on same_user_weight.a = chosen.a and same_user_weight.b = chosen.b
        and same_user_weight.token_no = chosen.token_no
    inner join same_user_kind
        on same_user_weight.kind = same_user_kind.kind
)
select
    running.a,
    running.b,
    running.kind,
    running.token_no,
    same_user_level.level,
    running.entities,
    same_user_shared.first_seen,
    same_user_shared.last_seen,
    running.rare,
    running.strong,
    running.identifies,
    running.joint,
    running.weight_ubits,
    cast(case
        when running.joint
            then greatest(0, least(running.weight_ubits, $joint_cap_ubits - running.joint_ubits + running.weight_ubits))
        else running.weight_ubits
    end as bigint) as counted_ubits
from running
inner join same_user_shared
    on running.a = same_user_shared.a and running.b = same_user_shared.b
    and running.token_no = same_user_shared.token_no
inner join same_user_level
    on running.level_no = same_user_level.level_no
