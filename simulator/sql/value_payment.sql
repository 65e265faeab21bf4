-- one row per sighting of a payment account: a card with its Luhn digit, or a payment provider's token
with spelled as (
    select
        account, code, happened, source as place, variant, code % 2 = 1 as token,
        case
            when code % 2 = 1 then 'pay_' || substr(md5($salt::varchar || '/pay/' || code::varchar), 1, 24)
            else with_luhn(
                ($cards)[1 + code // 2 % len($cards)] || lpad(((code // 2 * 387_420_489 + $salt) % 1_000_000_000_000)::varchar, 12, '0')
            )
        end as value
    from sighting
)
select
    account_id(account, $salt) as account_id,
    'payment' as kind,
    case
        when token or variant >= 140 then value
        when variant < 100 then regexp_replace(value, '(....)', '\1 ', 'g')
        else regexp_replace(value, '(....)', '\1-', 'g')
    end as value,
    instant(happened) as observed_at,
    ($sources)[1 + place] as source
from spelled
order by account, happened, code, place
