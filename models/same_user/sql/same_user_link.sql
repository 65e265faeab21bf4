-- One row per pair that is the same, possibly the same or related, in numbers, after the analysts' word.
create or replace table same_user_link as
select
    coalesce(same_user_score.a, same_user_override.a) as a,
    coalesce(same_user_score.b, same_user_override.b) as b,
    coalesce(same_user_score.referral, false) as referral,
    coalesce(same_user_score.prior_ubits, 0) as prior_ubits,
    coalesce(same_user_score.against_ubits, 0) as against_ubits,
    coalesce(same_user_score.papers_differ, false) as papers_differ,
    same_user_override.kind as override_kind,
    same_user_override.from_at as override_at,
    case
        when same_user_override.kind = 'must_link'
            then greatest(coalesce(same_user_score.match_ubits, 0), $must_link_ubits)
        else same_user_score.match_ubits
    end as match_ubits,
    case
        when same_user_override.kind = 'cannot_link' then 'related'
        when same_user_override.kind = 'must_link' and coalesce(same_user_score.outcome, '') <> 'same_person'
            then 'same_controller'
        else same_user_score.outcome
    end as outcome
from same_user_score
full join same_user_override
    on same_user_score.a = same_user_override.a and same_user_score.b = same_user_override.b
where same_user_score.outcome <> 'unrelated' or same_user_override.kind = 'must_link'
