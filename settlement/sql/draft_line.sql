-- One row per order of a referred invitee with the rebate that it carries under the decisions so far, before caps.
create or replace table draft_line as
select
    order_id,
    invitee_id,
    promoter_id,
    month,
    net_fen,
    rebate_fen
from line_priced
where standpoint = 0
