-- One row per refund window of a reported promoter that was scored, the flagged first.
create or replace table report_burst as
select
    burst.promoter_id,
    burst.window_start,
    burst.window_end,
    burst.flagged,
    burst.refund_orders,
    burst.refund_fen,
    burst.expected_orders,
    burst.expected_amount,
    burst.p_value,
    burst.q_value,
    burst.anomaly_score,
    burst.reasons
from burst
inner join report_promoter on burst.promoter_id = report_promoter.promoter_id
order by burst.promoter_id asc, burst.flagged desc, burst.q_value asc, burst.window_start asc, burst.window_end asc
