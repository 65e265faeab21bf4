-- One row per month that this run issues.
create or replace table new_issue as
select
    month,
    $cutoff_at as cutoff_at,
    $as_of as issued_on
from programme_month
where issues_now
