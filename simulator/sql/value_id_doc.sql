-- one row per sighting of an identity document, now and then in an old, lower-case or full-width spelling
with spelled as (
    select account, code, happened, source as place, variant, id_document(code, $salt, $regions) as value from sighting
)
select
    account_id(account, $salt) as account_id,
    'id_doc' as kind,
    case
        when variant < 8 then substr(value, 1, 6) || substr(value, 9, 9)
        when variant < 30 then lower(value)
        when variant < 36 then translate(value, '0123456789', '０１２３４５６７８９')
        else value
    end as value,
    instant(happened) as observed_at,
    ($sources)[1 + place] as source
from spelled
order by account, happened, code, place
