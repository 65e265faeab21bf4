-- One row per clause of the agreement, as the register tells it.
create or replace table report_clause as
select clause, title_zh, title_en, text_zh, text_en, mode, measures
from clause_register
order by position
