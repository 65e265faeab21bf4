-- One row per reported promoter, feed and rule with rows set aside that touch its money.
create or replace table report_gap as
select quarantined_money.promoter_id, quarantined_money.feed, quarantined_money.rule, count(*) as quarantined_rows
from quarantined_money
inner join report_promoter on quarantined_money.promoter_id = report_promoter.promoter_id
group by all
order by all
