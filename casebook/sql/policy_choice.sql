-- One row per met finding and measure that the policy in force chooses.
create or replace table policy_choice as
select
    finding_id,
    measure,
    effect,
    rule_no,
    days,
    two_people,
    notice_days
from policy_match
where which = 'now'
