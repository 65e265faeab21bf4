-- One row per day and product code or activity id that a document in force on that day names as its scope.
create or replace table order_scope as
with named as (
    select
        document_id,
        'product' as kind,
        unnest(products) as code
    from programme_document
    union all
    select
        document_id,
        'activity' as kind,
        unnest(activity_ids) as code
    from programme_document
)

select distinct
    s.day,
    n.kind,
    n.code
from named as n
inner join programme_document as d on n.document_id = d.document_id
inner join day_setting as s on s.day >= d.effective_from and s.day <= coalesce(d.effective_to, date '9999-12-31')
