-- One row per pair and kind with the bits that count: the joint kinds together no more than their cap, strongest first.
create or replace table same_user_counted as
with running as (
    select
        same_user_weight.a,
        same_user_weight.b,
        same_user_weight.referral,
        same_user_weight.kind,
        same_user_weight.token_no,
        same_user_weight.level,
        same_user_weight.entities,
        same_user_weight.first_seen,
        same_user_weight.last_seen,
        same_user_weight.rare,
        same_user_weight.weight_ubits,
        same_user_kind.joint,
        same_user_kind.strong,
        same_user_kind.identifies,
        sum(case when same_user_kind.joint then same_user_weight.weight_ubits else 0 end) over (
            partition by same_user_weight.a, same_user_weight.b
            order by same_user_weight.weight_ubits desc, same_user_weight.kind
        ) as joint_ubits
    from same_user_weight
    inner join same_user_kind
        on same_user_weight.kind = same_user_kind.kind
)
select
    a,
    b,
    referral,
    kind,
    token_no,
    level,
    entities,
    first_seen,
    last_seen,
    rare,
    strong,
    identifies,
    joint,
    weight_ubits,
    cast(case
        when joint then greatest(0, least(weight_ubits, $joint_cap_ubits - joint_ubits + weight_ubits))
        else weight_ubits
    end as bigint) as counted_ubits
from running
