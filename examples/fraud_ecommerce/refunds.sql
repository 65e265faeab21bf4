-- The file knows no refunds: no rows.
select
    '' as refund_id,
    '' as order_id,
    timestamp '2015-01-01 00:00:00' as refunded_at,
    'refund' as kind,
    cast(0 as decimal(18, 2)) as cash_amount
where false
