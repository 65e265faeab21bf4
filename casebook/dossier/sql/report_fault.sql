-- One row per feed and rule of its contract that set rows aside.
create or replace table report_fault as
select feed, rule, quarantined, mended
from feed_fault
order by feed, rule
