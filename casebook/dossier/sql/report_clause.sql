-- One row per clause of the agreement, as the register describes it.
create or replace table report_clause as
select clause, title_zh, title_en, text_zh, mode, measures
from clause_register
order by clause
