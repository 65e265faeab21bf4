-- The cohorts of accounts.sql, members from before the first invoice on.
select distinct
    concat('cohort-', strftime(min(InvoiceDate), '%G-W%V'), '-', cast(CustomerID as bigint) % 4) as promoter_id,
    timestamp '2010-11-01 00:00:00' as joined_at,
    'base' as consented_version,
    cast(null as timestamp) as left_at,
    cast(null as varchar) as left_reason,
    cast(null as boolean) as declared_staff_tie
from '../../../shared/data/online_retail.parquet'
where CustomerID is not null
group by CustomerID
