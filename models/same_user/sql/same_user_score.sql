-- One row per scored pair: prior, evidence for and against in millionths of a bit, and what the pair is called.
-- The joint kinds together count no more than their cap. The looks of a household, and nothing hard, speak against
-- (same_user_home); where the device went round, by no more than the line adds, so that strangers on it raise nobody.
-- Same needs the weight and corroboration: an identity document, or two rare kinds of which one is strong.
create or replace table same_user_score as
with forward as (
    select
        weight.a,
        weight.b,
        weight.referral,
        cast(sum(case when kind.joint then 0 else weight.weight_ubits end)
            + least($joint_cap_ubits, sum(case when kind.joint then weight.weight_ubits else 0 end)) as bigint) as for_ubits,
        cast(sum(case when kind.joint then weight.weight_ubits else 0 end) as bigint) as joint_ubits,
        cast(sum(case when weight.kind = 'ip' then weight.weight_ubits else 0 end) as bigint) as line_ubits,
        bool_or(kind.identifies and weight.rare) as papers_agree,
        count(*) filter (where weight.rare) >= 2 and bool_or(weight.rare and kind.strong) as corroborated,
        bool_or(kind.strong and not kind.joint) as hard
    from same_user_weight as weight
    inner join same_user_kind as kind
        on weight.kind = kind.kind
    group by all
),
against as (
    select
        a,
        b,
        cast(sum(absent_ubits) as bigint) as absent_ubits,
        bool_or(kind = 'id_doc') as papers_differ
    from same_user_absent
    group by all
),
totalled as (
    select
        forward.a,
        forward.b,
        forward.referral,
        case when forward.referral then $referral_prior_ubits else $prior_ubits end as prior_ubits,
        forward.for_ubits,
        case
            when same_user_home.a is null or forward.hard then 0
            when same_user_home.handed
                then -least(
                    -$household_ubits,
                    least($joint_cap_ubits, forward.joint_ubits)
                    - least($joint_cap_ubits, forward.joint_ubits - forward.line_ubits)
                )
            else $household_ubits
        end as household_ubits,
        coalesce(against.absent_ubits, 0) + household_ubits as against_ubits,
        forward.papers_agree,
        coalesce(against.papers_differ, false) as papers_differ,
        forward.papers_agree or forward.corroborated as corroborated,
        prior_ubits + forward.for_ubits + against_ubits as match_ubits
    from forward
    left join against
        on forward.a = against.a and forward.b = against.b
    left join same_user_home
        on forward.a = same_user_home.a and forward.b = same_user_home.b
)
select
    a,
    b,
    referral,
    prior_ubits,
    for_ubits,
    against_ubits,
    match_ubits,
    papers_differ,
    household_ubits,
    case
        when match_ubits >= $same_ubits and papers_agree then 'same_person'
        when match_ubits >= $same_ubits and corroborated then 'same_controller'
        when match_ubits >= $possibly_ubits then 'possibly'
        when for_ubits >= $related_ubits then 'related'
        else 'unrelated'
    end as outcome
from totalled
