-- Each sign-up as the invitee of its own cohort. Nobody clicked anything.
select
    concat('U', user_id) as invitee_id,
    concat_ws('-', 'cohort', source, browser, strftime(signup_time, '%Y-%m')) as promoter_id,
    'none' as link_id,
    cast(null as timestamp) as clicked_at
from '../../../shared/data/fraud_ecommerce.parquet'
