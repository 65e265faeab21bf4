-- The file knows no identifiers: no rows.
select
    '' as account_id,
    'device' as kind,
    '' as value,
    timestamp '2010-11-01 00:00:00' as observed_at,
    'usage' as source
where false
