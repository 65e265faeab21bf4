-- One row per standpoint, invitee with purchases within its relation, and grouping: is it a new paying user, of which
-- month (4.3); else the clause why not. `first_qualifying` is its earliest qualifying order.
create or replace table user_judged as
with seen as (
    select
        o.standpoint,
        o.invitee_id,
        o.context_no,
        any_value(o.promoter_id) as promoter_id,
        max(o.month) filter (where o.is_first) as month,
        count(*) filter (where o.refused is null) as qualifying,
        count(*) filter (where o.refused is null and o.net_fen > 0) as unrefunded,
        bool_and(o.recharge_card) as all_recharge,
        bool_or(o.recharge_card and t.any_recharge_bars) as barred_by_any,
        bool_and(o.excluded) as all_excluded,
        min({'paid_at': o.paid_at, 'order_id': o.order_id}) filter (where o.refused is null) as first_qualifying
    from order_judged as o
    inner join order_term as t on o.term_no = t.term_no
    where o.bought
    group by o.standpoint, o.invitee_id, o.context_no
)

select
    s.standpoint,
    s.promoter_id,
    s.invitee_id,
    s.context_no,
    s.month,
    s.context_no = 0 or s.context_no = coalesce(m.version, $run_seq) as own,
    s.month is not null and s.unrefunded > 0 and not s.all_recharge and not s.barred_by_any as counts,
    case
        when (s.qualifying > 0 and s.unrefunded = 0) or s.all_recharge or s.barred_by_any then '4.3(2)'
        when s.all_excluded then '4.3(3)'
        when s.month is null then '4.3(1)'
    end as clause,
    s.first_qualifying['order_id'] as first_qualifying
from seen as s
left join programme_month as m on s.month = m.month
