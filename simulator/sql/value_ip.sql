-- one row per sighting of an address on the network: IPv4, IPv6 with a passing host part, or a private one
with numbered as (
    select account, code, happened, source as place, variant, (code // 4 * 9_999_991 + $salt) % (len($octets) * 16_000_000) as n from sighting
)
select
    account_id(account, $salt) as account_id,
    'ip' as kind,
    case code % 4
        when 2 then ['192.168.1.' || (2 + variant % 250)::varchar, '10.0.3.' || (2 + variant % 250)::varchar, '127.0.0.1'][1 + variant % 3]
        when 1 then printf('240e:%x:%x:%x:%x:%x:%x:%x', 768 + n // 65_536 // 256, n // 65_536, n % 65_536, 0,
            (variant * 7919) % 65_536, (happened // 1_000_000) % 65_536, variant)
        else concat_ws('.', ($octets)[1 + n % len($octets)]::varchar, (n // len($octets) // 62_500 % 256)::varchar,
            (n // len($octets) // 250 % 250)::varchar, (n // len($octets) % 250 + 2)::varchar)
    end as value,
    instant(happened) as observed_at,
    ($sources)[1 + place] as source
from numbered
order by account, happened, code, place
