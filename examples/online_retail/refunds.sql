-- Cancellations (InvoiceNo begins with C) as refunds. The file does not say what a line cancels: it is taken to be the
-- customer's last line of the same article, up to then, with at least that quantity; the lines of a cancellation that
-- fall on one invoice are one refund. Where there is no such line the row refers to an order that does not exist, and
-- the contract refuses it.
with line as (
    select
        *,
        row_number() over (order by InvoiceNo, StockCode, Quantity, UnitPrice, Description) as line_no
    from '../../../shared/data/online_retail.parquet'
),

cancelled as (
    select
        c.InvoiceNo,
        c.InvoiceDate,
        c.line_no,
        cast(round(-c.Quantity * c.UnitPrice, 2) as decimal(18, 2)) as amount,
        max({'paid_at': p.InvoiceDate, 'invoice': p.InvoiceNo}) as bought
    from line as c
    left join line as p
        on
            c.CustomerID = p.CustomerID
            and c.StockCode = p.StockCode
            and p.InvoiceNo not like 'C%'
            and p.InvoiceDate <= c.InvoiceDate
            and p.Quantity >= -c.Quantity
    where c.InvoiceNo like 'C%'
    group by all
)

select
    concat_ws('-', InvoiceNo, bought['invoice']) as refund_id,
    coalesce(bought['invoice'], concat('bought-before-', InvoiceNo)) as order_id,
    min(InvoiceDate) as refunded_at,
    'refund' as kind,
    sum(amount) as cash_amount
from cancelled
group by InvoiceNo, bought['invoice']
