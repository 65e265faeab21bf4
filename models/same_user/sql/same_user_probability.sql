-- One row per link: the share of pairs of so many bits, referral pairs apart, that were one hand's where the truth was
-- known. An analyst's word is certain.
create or replace table same_user_probability as
select
    same_user_link.a,
    same_user_link.b,
    case when same_user_link.override_kind = 'must_link' then 1.0 else same_user_calibration.probability end as probability
from same_user_link
asof join same_user_calibration
    on same_user_link.referral = same_user_calibration.referral
    and same_user_link.match_ubits >= same_user_calibration.from_ubits
