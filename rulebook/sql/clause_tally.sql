-- One row per clause rule that looked at anything: how many subjects it met, could not tell, and did not meet.
create or replace table clause_tally as
select
    clause,
    detector,
    bool_or(finds) as finds,
    count(*) filter (where status = 'met') as met,
    count(*) filter (where status = 'unknown') as "unknown",
    count(*) filter (where status = 'not_met') as not_met
from clause_row
group by clause, detector
