-- One row per rule document of the programme, with the dates between which it was in force.
create or replace table report_document as
select document_id, level, effective_from, effective_to, announced_on
from programme_document
order by level_rank, position
