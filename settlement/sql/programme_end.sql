-- One row: the last day of a programme all of whose base documents end, else null. After it nothing is earned (run-off).
create or replace table programme_end as
select case when count(effective_to) = count(*) then max(effective_to) end as end_day
from programme_document
where level = 'base'
