-- One row per referral of a reported promoter whose two ends are, or may be, one user.
create or replace table report_pair as
select
    referral_same.promoter_id,
    referral_same.invitee_id,
    referral_same.outcome,
    referral_same.group_id,
    referral_same.group_status,
    referral_same.match_weight,
    referral_same.match_probability,
    referral_same.hops,
    referral_same.evidence
from referral_same
inner join report_promoter on referral_same.promoter_id = report_promoter.promoter_id
order by referral_same.promoter_id asc, referral_same.match_weight desc, referral_same.invitee_id asc
