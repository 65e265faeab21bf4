-- One row per reported promoter, month and clause under which orders do not count.
create or replace table report_exclusion as
select
    statement_line.promoter_id,
    statement_line.month,
    coalesce(statement_line.clause, '') as clause,
    count(*) as orders,
    cast(sum(statement_line.net_fen) as bigint) as net_fen
from statement_line
inner join report_promoter on statement_line.promoter_id = report_promoter.promoter_id
where statement_line.line_kind = 'order' and not statement_line.qualifies
group by all
order by statement_line.promoter_id, statement_line.month, clause
