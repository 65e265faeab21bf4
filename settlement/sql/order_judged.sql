-- One row per standpoint, order and grouping of its invitee: the clause that keeps it from qualifying, if any (4.2).
-- `own` marks the grouping by which the order's own month goes.
create or replace table order_judged as
with void as (
    select
        a.standpoint,
        v.order_id,
        v.clause
    from order_void as v
    inner join decision_at as a on v.decision_id = a.decision_id and v.promoter_id = a.promoter_id
    qualify row_number() over (partition by a.standpoint, v.order_id order by v.decision_id) = 1
)

select
    b.standpoint,
    b.promoter_id,
    b.invitee_id,
    b.order_id,
    b.month,
    b.paid_at,
    b.net_fen,
    b.term_no,
    r.context_no,
    r.context_no = 0 or r.context_no = coalesce(m.version, $run_seq) as own,
    b.order_id = r.first_purchase['order_id'] as is_first,
    r.established and b.paid_at >= r.starts_at and b.paid_at < r.ends_at and b.cash_fen > 0 as bought,
    b.recharge_card,
    b.excluded,
    case
        when not r.established then r.refused
        when b.paid_at >= r.ends_at then coalesce(r.cut_clause, '4.2(1)')
        when b.paid_at < r.starts_at then '4.2(1)'
        when b.cash_fen = 0 then '4.2(2)'
        when void.clause is not null then void.clause
        when b.recharge_card and not t.recharge_counts then '4.3(2)'
        when b.excluded then '4.2(3)'
        when not b.promotable or t.tiers_document is null then '4.2(1)'
    end as refused
from order_basis as b
inner join relation_judged as r on b.standpoint = r.standpoint and b.invitee_id = r.invitee_id
inner join order_term as t on b.term_no = t.term_no
left join programme_month as m on b.month = m.month
left join void on b.standpoint = void.standpoint and b.order_id = void.order_id
