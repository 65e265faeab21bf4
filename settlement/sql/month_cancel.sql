-- One row per earlier statement whose unpaid instalments the clawback of $month cancels, oldest first (4.4(1)).
create or replace table month_cancel as
with lined_up as (
    select
        r.promoter_id,
        r.month as cancelled_month,
        r.held_fen,
        r.rest_fen,
        s.clawback_added_fen,
        cast(sum(r.rest_fen) over (partition by r.promoter_id order by r.month) as bigint) as to_fen
    from statement_rest as r
    inner join month_statement as s on r.promoter_id = s.promoter_id and s.clawback_added_fen > 0
    where r.rest_fen > 0 and r.month < $month
)

select
    promoter_id,
    cancelled_month,
    held_fen,
    least(to_fen, clawback_added_fen) - least(to_fen - rest_fen, clawback_added_fen) as amount_fen
from lined_up
