-- one row per sighting of a mailbox, now and then with a tag, dots or capitals
with named as (
    select
        account, code, happened, source as place, variant,
        ($domains)[1 + code % len($domains)] as domain,
        case when ($domains)[1 + code % len($domains)] in ('qq.com', 'foxmail.com') then (100_000_000 + (code * 7_368_787 + $salt) % 900_000_000)::varchar
            else 'u' || substr(md5($salt::varchar || '/mail/' || code::varchar), 1, 10) end as local_part
    from sighting
)
select
    account_id(account, $salt) as account_id,
    'email' as kind,
    case
        when domain = 'gmail.com' and variant < 200 then substr(local_part, 1, 4) || '.' || substr(local_part, 5) || '@' || domain
        when domain <> 'qq.com' and variant < 80 then local_part || '+cloud@' || domain
        when variant > 950 then upper(local_part || '@' || domain)
        else local_part || '@' || domain
    end as value,
    instant(happened) as observed_at,
    ($sources)[1 + place] as source
from named
order by account, happened, code, place
