-- One row per scored pair: prior, evidence for and against in millionths of a bit, and what the pair is called.
-- Same needs the weight and corroboration: an identity document, or two rare kinds of which one is strong.
create or replace table same_user_score as
with forward as (
    select
        a,
        b,
        referral,
        cast(sum(counted_ubits) as bigint) as for_ubits,
        bool_or(identifies and rare) as papers_agree,
        count(*) filter (where rare) >= 2 and bool_or(rare and strong) as corroborated
    from same_user_counted
    group by all
),
against as (
    select
        a,
        b,
        cast(sum(absent_ubits) as bigint) as against_ubits,
        bool_or(kind = 'id_doc') as papers_differ
    from same_user_absent
    group by all
),
summed as (
    select
        forward.a,
        forward.b,
        forward.referral,
        case when forward.referral then $referral_prior_ubits else $prior_ubits end as prior_ubits,
        forward.for_ubits,
        coalesce(against.against_ubits, 0) as against_ubits,
        forward.papers_agree,
        coalesce(against.papers_differ, false) as papers_differ,
        forward.papers_agree or forward.corroborated as corroborated
    from forward
    left join against
        on forward.a = against.a and forward.b = against.b
),
totalled as (
    select
        a,
        b,
        referral,
        prior_ubits,
        for_ubits,
        against_ubits,
        papers_agree,
        papers_differ,
        corroborated,
        prior_ubits + for_ubits + against_ubits as match_ubits
    from summed
)
select
    a,
    b,
    referral,
    prior_ubits,
    for_ubits,
    against_ubits,
    match_ubits,
    papers_agree,
    papers_differ,
    case
        when match_ubits >= $same_ubits and papers_agree then 'same_person'
        when match_ubits >= $same_ubits and corroborated then 'same_controller'
        when match_ubits >= $possibly_ubits then 'possibly'
        when for_ubits >= $related_ubits then 'related'
        else 'unrelated'
    end as outcome
from totalled
