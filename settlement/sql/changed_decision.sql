-- One row per changed promoter and decision that came on or went off since the last issue, in the order of letting in:
-- decisions by id, then overturned or ended ones by id.
create or replace table changed_decision as
select
    e.promoter_id,
    e.decision_id,
    e.on_now,
    row_number() over (partition by e.promoter_id order by e.on_then, e.decision_id) as let_in_no
from effect as e
semi join changed_month as c on e.promoter_id = c.promoter_id
where e.on_now <> e.on_then
