-- One row per membership: when it ended as far as is known, and whether it began as 1.1 asks.
create or replace table membership as
with consent as (
    select
        p.promoter_id,
        p.joined_at,
        bool_or(d.document_id = p.consented_version) as consented,
        count(d.document_id) as base_documents
    from promoters as p
    left join programme_document as d
        on
            d.level = 'base'
            and natural_day(p.joined_at, $zone) between d.effective_from and coalesce(d.effective_to, date '9999-12-31')
    group by all
),

barred as (
    select distinct
        p.promoter_id,
        p.joined_at
    from promoters as p
    inner join standing_bar as b
        on
            p.promoter_id = b.promoter_id
            and b.clause in ('1.1', '1.2(2)')
            and b.from_at <= p.joined_at
            and (b.to_at is null or p.joined_at < b.to_at)
)

select
    p.promoter_id,
    p.joined_at,
    case when p.left_at < $cutoff_at then p.left_at end as left_at,
    p.consented_version,
    coalesce(c.consented, false) as consented,
    c.base_documents > 0 as documented,
    coalesce(c.consented, false) and b.promoter_id is null as admissible
from promoters as p
inner join consent as c using (promoter_id, joined_at)
left join barred as b using (promoter_id, joined_at)
