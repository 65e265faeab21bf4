-- The cohorts of accounts.sql, members from before the first sign-up on.
select distinct
    concat_ws('-', 'cohort', source, browser, strftime(signup_time, '%Y-%m')) as promoter_id,
    timestamp '2014-12-01 00:00:00' as joined_at,
    'base' as consented_version,
    cast(null as timestamp) as left_at,
    cast(null as varchar) as left_reason,
    cast(null as boolean) as declared_staff_tie
from '../../../shared/data/fraud_ecommerce.parquet'
