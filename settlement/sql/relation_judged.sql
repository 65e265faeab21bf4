-- One row per standpoint, referral and grouping: whether the relation was established, when it ends, and why.
create or replace table relation_judged as
with void as (
    select
        a.standpoint,
        v.invitee_id,
        v.clause
    from relation_void as v
    inner join decision_at as a on v.decision_id = a.decision_id and v.promoter_id = a.promoter_id
    qualify row_number() over (
        partition by a.standpoint, v.invitee_id order by v.clause <> '2.2(3)', v.decision_id
    ) = 1
),

cut as (
    select
        a.standpoint,
        a.promoter_id,
        min(d.effective_from) as cut_at
    from decision_known as d
    inner join decision_at as a on d.decision_id = a.decision_id and d.promoter_id = a.promoter_id
    where d.measure = 'cancel_programme'
    group by all
),

reasoned as (
    select
        s.standpoint,
        f.promoter_id,
        f.invitee_id,
        x.context_no,
        f.starts_at,
        f.natural_end_at,
        f.standing_to_at,
        cut.cut_at,
        least(f.standing_to_at, cut.cut_at) as lost_at,
        x.first_purchase,
        case
            when void.clause is not null then void.clause
            when f.tied then '2.2(1)'
            when x.any_paid_at < f.starts_at then '2.2(2)'
            when not f.in_standing or cut.cut_at <= f.starts_at then '2.2(4)'
        end as refused
    from standpoint as s
    inner join relation_fact as f on s.promoter_id = f.promoter_id
    inner join invitee_context as x on f.invitee_id = x.invitee_id and s.as_then = x.as_then
    left join void on s.standpoint = void.standpoint and f.invitee_id = void.invitee_id
    left join cut on s.standpoint = cut.standpoint and f.promoter_id = cut.promoter_id
)

select
    standpoint,
    promoter_id,
    invitee_id,
    context_no,
    refused is null as established,
    starts_at,
    least(natural_end_at, lost_at) as ends_at,
    refused,
    case
        when lost_at < natural_end_at
            then case when cut_at <= coalesce(standing_to_at, cut_at) then '2.3(2)' else '2.3(3)' end
    end as cut_clause,
    first_purchase
from reasoned
