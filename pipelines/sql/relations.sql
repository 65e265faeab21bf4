-- One row per referral, as published.
create or replace table relations as
select
    invitee_id,
    promoter_id,
    established,
    starts_at,
    ends_at,
    reason
from relation
