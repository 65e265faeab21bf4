-- One row per standpoint and order of a changed promoter's invitee that is known there.
create or replace table order_changed as
select
    s.standpoint,
    s.promoter_id,
    o.account_id as invitee_id,
    o.order_id,
    o.month,
    o.paid_at,
    o.cash_fen,
    case when s.refunds_as_then then greatest(o.cash_fen - t.refunded_fen, 0) else o.net_fen end as net_fen,
    o.promotable,
    o.recharge_card,
    o.term_no,
    o.excluded
from standpoint_changed as s
inner join order_fact as o on s.promoter_id = o.promoter_id
left join order_then as t on o.order_id = t.order_id
where not s.is_now and (not s.as_then or t.order_id is not null)
