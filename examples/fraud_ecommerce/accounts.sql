-- Sign-ups as accounts, and one account per cohort, which stands in for a promoter: channel, browser and month of sign-up.
select
    concat('U', user_id) as account_id,
    signup_time as registered_at,
    'individual' as account_type,
    'individual' as verified_as
from '../../../shared/data/fraud_ecommerce.parquet'
union
select
    concat_ws('-', 'cohort', source, browser, strftime(signup_time, '%Y-%m')) as account_id,
    timestamp '2014-12-01 00:00:00' as registered_at,
    'individual' as account_type,
    'individual' as verified_as
from '../../../shared/data/fraud_ecommerce.parquet'
