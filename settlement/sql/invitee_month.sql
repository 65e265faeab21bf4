-- One row per standpoint, invitee and month with a line that qualifies: the rebate of its lines, before caps (4.1).
create or replace table invitee_month as
select
    standpoint,
    invitee_id,
    month,
    any_value(promoter_id) as promoter_id,
    cast(sum(rebate_fen) as bigint) as rebate_fen
from line_priced
where qualifies
group by standpoint, invitee_id, month
