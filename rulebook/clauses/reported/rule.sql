-- One row per clause and subject that somebody filed a report about, under whatever clause it names. With evidence it is
-- met, without it a person asks for some. A clause that the agreement does not have counts as 1.2(7), other cases.
-- The summary stays in the report: free text may hold what must not travel.
with filed as (
    select
        coalesce(c.clause, '1.2(7)') as clause,
        r.subject_id,
        max(coalesce(length(trim(r.evidence_uri)), 0)) > 0 as evidenced,
        bool_or(c.clause is null) as unclaused,
        min(natural_day(r.reported_at, $zone)) as first_on,
        list(r.report_id order by r.reported_at, r.report_id) as report_ids
    from reports as r
    left join clause_register as c on trim(r.clause) = c.clause
    group by all
),

kind_of as (
    select promoter_id as subject_id, 'promoter' as kind, promoter_id, 1 as preference from promoters
    union
    select invitee_id, 'invitee', promoter_id, 3 from referrals
    union
    select promoter_id, 'promoter', promoter_id, 1 from referrals
    union
    select o.order_id, 'order', r.promoter_id, 4 from orders as o
    semi join filed as f on o.order_id = f.subject_id
    left join referrals as r on o.account_id = r.invitee_id
    union
    select c.coupon_id, 'coupon', r.promoter_id, 5 from coupons as c
    semi join filed as f on c.coupon_id = f.subject_id
    left join referrals as r on c.issued_to = r.invitee_id
    union
    select group_id, 'group', cast(null as varchar), 6 from group_member
    union
    select account_id, 'invitee', cast(null as varchar), 7 from accounts
    semi join filed as f on accounts.account_id = f.subject_id
)

select
    f.clause,
    coalesce(k.kind, 'invitee') as subject_kind,
    f.subject_id,
    k.promoter_id,
    case when f.evidenced and k.kind is not null then 'met' else 'unknown' end as status,
    concat(
        len(f.report_ids), case when len(f.report_ids) = 1 then ' report' else ' reports' end,
        case when f.evidenced then ' with evidence' else ' without evidence' end,
        case when k.kind is null then '; nobody knows the subject' else '' end,
        case when f.unclaused then '; filed under no clause of the agreement' else '' end
    ) as reason,
    case when f.evidenced then 0.6 else 0.3 end as confidence,
    json_object('report_ids', f.report_ids, 'first_on', cast(f.first_on as varchar)) as evidence
from filed as f
left join kind_of as k on f.subject_id = k.subject_id
qualify row_number() over (partition by f.clause, f.subject_id order by k.preference, k.promoter_id) = 1
