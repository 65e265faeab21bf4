-- One row per link and thing that speaks against it: a kind of which both have their own, or the looks of a household.
create or replace table same_user_against as
select
    same_user_absent.a,
    same_user_absent.b,
    same_user_absent.kind,
    same_user_absent.absent_ubits
from same_user_absent
semi join same_user_link
    on same_user_absent.a = same_user_link.a and same_user_absent.b = same_user_link.b
union all
select
    same_user_score.a,
    same_user_score.b,
    'household' as kind,
    same_user_score.household_ubits as absent_ubits
from same_user_score
semi join same_user_link
    on same_user_score.a = same_user_link.a and same_user_score.b = same_user_link.b
where same_user_score.household_ubits < 0
