-- one row per sighting of a device: a vendor's id, a browser fingerprint, or what an emulator says
with hashed as (
    select account, code, happened, source as place, variant, md5($salt::varchar || '/device/' || code::varchar) as h from sighting
),
spelled as (
    select
        account, code, happened, place, variant,
        case code % 4
            when 2 then ['00000000-0000-0000-0000-000000000000', '99999999-9999-9999-9999-999999999999', 'unknown'][1 + code // 4]
            when 1 then 'fp_' || substr(h, 1, 20)
            else concat_ws('-', substr(h, 1, 8), substr(h, 9, 4), '4' || substr(h, 14, 3), 'a' || substr(h, 18, 3), substr(h, 21, 12))
        end as value
    from hashed
)
select
    account_id(account, $salt) as account_id,
    'device' as kind,
    case when variant < 300 and code % 4 = 0 then upper(value) when variant < 320 then value || ' ' else value end as value,
    instant(happened) as observed_at,
    ($sources)[1 + place] as source
from spelled
order by account, happened, code, place
