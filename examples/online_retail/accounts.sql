-- Customers as accounts, registered at their first invoice line of any kind; and one account per cohort, which stands in
-- for a promoter: the week in which its customers first appear, in four parts by customer number.
with customer as (
    select
        cast(CustomerID as bigint) as number,
        min(InvoiceDate) as registered_at
    from '../../../shared/data/online_retail.parquet'
    where CustomerID is not null
    group by all
),

account as (
    select
        concat('C', number) as account_id,
        registered_at
    from customer
    union
    select
        concat('cohort-', strftime(registered_at, '%G-W%V'), '-', number % 4) as account_id,
        timestamp '2010-11-01 00:00:00' as registered_at
    from customer
)

select
    account_id,
    registered_at,
    'individual' as account_type,
    'individual' as verified_as
from account
