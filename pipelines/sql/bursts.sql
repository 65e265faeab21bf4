-- One row per promoter and window scored as unusual, as published.
create or replace table bursts as
select
    promoter_id,
    window_start,
    window_end,
    refund_orders,
    money(refund_fen) as refund_amount,
    expected_orders,
    expected_amount,
    p_value,
    q_value,
    anomaly_score,
    flagged,
    reasons
from burst
