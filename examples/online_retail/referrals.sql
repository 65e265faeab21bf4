-- Each customer as the invitee of its own cohort. Nobody clicked anything.
select
    concat('C', cast(CustomerID as bigint)) as invitee_id,
    concat('cohort-', strftime(min(InvoiceDate), '%G-W%V'), '-', cast(CustomerID as bigint) % 4) as promoter_id,
    'none' as link_id,
    cast(null as timestamp) as clicked_at
from '../../../shared/data/online_retail.parquet'
where CustomerID is not null
group by CustomerID
