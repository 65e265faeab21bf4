-- One row per standpoint and order of a referred invitee: whether it qualifies, and the clause when it does not.
create or replace table line_judged as
with clause as (
    select
        o.standpoint,
        o.promoter_id,
        o.invitee_id,
        o.order_id,
        o.month,
        o.term_no,
        o.net_fen,
        coalesce(
            o.refused,
            u.clause,
            case when t.first_only and o.order_id <> u.first_qualifying then '4.2(2)' end
        ) as clause
    from order_judged as o
    inner join order_term as t on o.term_no = t.term_no
    left join user_judged as u
        on o.standpoint = u.standpoint and o.invitee_id = u.invitee_id and o.context_no = u.context_no
    where o.own
)

select
    standpoint,
    promoter_id,
    invitee_id,
    order_id,
    month,
    term_no,
    net_fen,
    clause is null as qualifies,
    clause
from clause
