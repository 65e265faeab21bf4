-- The device, and the IP where there is one (an integer in the file), as seen at sign-up. The label is not read: it is
-- what the groups are measured against afterwards.
select
    concat('U', user_id) as account_id,
    'device' as kind,
    device_id as value,
    signup_time as observed_at,
    'registration' as source
from '../../../shared/data/fraud_ecommerce.parquet'
union all
select
    concat('U', user_id) as account_id,
    'ip' as kind,
    concat_ws('.', ip_int // 16777216, ip_int // 65536 % 256, ip_int // 256 % 256, ip_int % 256) as value,
    signup_time as observed_at,
    'registration' as source
from '../../../shared/data/fraud_ecommerce.parquet'
where ip_int is not null
