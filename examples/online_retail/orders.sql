-- Invoices that are no cancellation, as orders. Those without a customer and those of a negative amount come as they are:
-- it is for the contract to refuse them. Prices are floats in the file; a line's amount is rounded to pence and taken
-- for CNY. An invoice of many articles is one order: what is cancelled together would else count many times.
select
    InvoiceNo as order_id,
    case when CustomerID is not null then concat('C', cast(CustomerID as bigint)) end as account_id,
    'goods' as product_code,
    cast(null as varchar) as activity_id,
    'purchase' as kind,
    min(InvoiceDate) as paid_at,
    sum(cast(round(Quantity * UnitPrice, 2) as decimal(18, 2))) as list_amount,
    cast(0 as decimal(18, 2)) as coupon_amount,
    cast(0 as decimal(18, 2)) as voucher_amount,
    sum(cast(round(Quantity * UnitPrice, 2) as decimal(18, 2))) as cash_amount
from '../../../shared/data/online_retail.parquet'
where InvoiceNo not like 'C%'
group by InvoiceNo, CustomerID
