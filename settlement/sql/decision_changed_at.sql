-- One row per standpoint of a changed promoter and decision that is on there.
create or replace table decision_changed_at as
select
    s.standpoint,
    e.promoter_id,
    e.decision_id
from standpoint_changed as s
inner join effect as e on s.promoter_id = e.promoter_id
left join changed_decision as c on e.promoter_id = c.promoter_id and e.decision_id = c.decision_id
where case when s.standpoint - 3 >= coalesce(c.let_in_no, 0) then e.on_now else e.on_then end
