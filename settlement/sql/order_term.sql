-- One row per day and scope: the documents and values that govern an order paid there ('' is an order out of any scope).
-- Activity before detail before base, then the later effective_from, then the later in the file (6.4).
create or replace table order_term as
with code as (
    select day, kind, code from order_scope
    union all
    select day, unnest(['product', 'activity']) as kind, '' as code from day_setting
),

place as (
    select
        row_number() over (order by p.day, p.code, a.code) as term_no,
        p.day,
        p.code as product,
        a.code as activity
    from code as p
    inner join code as a on p.day = a.day and a.kind = 'activity'
    where p.kind = 'product'
),

won as (
    select
        n.term_no,
        p.path,
        p.value,
        d.document_id
    from place as n
    inner join programme_document as d
        on n.day >= d.effective_from and n.day <= coalesce(d.effective_to, date '9999-12-31')
    inner join programme_parameter as p on d.document_id = p.document_id
    inner join programme_end as e on n.day <= coalesce(e.end_day, n.day)
    where
        p.path in ('rebate.tiers', 'rebate.tier_by', 'excluded')
        and (d.products is null or list_contains(d.products, n.product))
        and (d.activity_ids is null or list_contains(d.activity_ids, n.activity))
    qualify row_number() over (
        partition by n.term_no, p.path order by d.level_rank desc, d.effective_from desc, d.position desc
    ) = 1
)

select
    n.term_no,
    n.day,
    n.product,
    n.activity,
    coalesce(bool_or(w.value = 'true') filter (where w.path = 'excluded'), false) as excluded,
    max(w.document_id) filter (where w.path = 'excluded' and w.value = 'true') as excluding_document,
    max(w.document_id) filter (where w.path = 'rebate.tiers' and w.value <> 'null') as tiers_document,
    max(w.value) filter (where w.path = 'rebate.tiers' and w.value <> 'null') as tiers,
    coalesce(
        max(json_extract_string(w.value, '$')) filter (where w.path = 'rebate.tier_by'), 'new_paying_users'
    ) as tier_by,
    s.recharge_card_amount = 'count' as recharge_counts,
    s.recharge_card_user = 'any' as any_recharge_bars,
    s.amount_scope = 'first_order' as first_only,
    s.counts_excluded
from place as n
inner join day_setting as s on n.day = s.day
left join won as w on n.term_no = w.term_no
group by all
