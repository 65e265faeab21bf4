-- one row per sighting of a phone number, typed in the ways people type them
with spelled as (
    select account, code, happened, source as place, variant, phone_number(code, $salt, $ordinary, $virtual) as value from sighting
)
select
    account_id(account, $salt) as account_id,
    'phone' as kind,
    case
        when variant < 60 then '+86' || value
        when variant < 90 then '+86 ' || value
        when variant < 110 then '0086' || value
        when variant < 150 then substr(value, 1, 3) || ' ' || substr(value, 4, 4) || ' ' || substr(value, 8, 4)
        when variant < 170 then substr(value, 1, 3) || '-' || substr(value, 4, 4) || '-' || substr(value, 8, 4)
        when variant < 176 then translate(value, '0123456789', '０１２３４５６７８９')
        else value
    end as value,
    instant(happened) as observed_at,
    ($sources)[1 + place] as source
from spelled
order by account, happened, code, place
