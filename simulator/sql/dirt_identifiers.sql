-- one row per sighting, some spoilt in one documented way: all columns as text, the expected code and the row number
with numbered as (
    select account_id, kind, value, observed_at::varchar as observed_at, source, row_number() over () as row_number from identifiers
),
clean as (
    select account_id, kind, value, observed_at, source, row_number,
        md5_number($salt::varchar || row_number::varchar) % 1_000_000 < $dirt_ppm as spoilt,
        case when kind = 'id_doc' and row_number % 2 = 0 then 'id.check' when kind = 'id_doc' then 'id.excel'
            when kind = 'phone' then 'phone.length' when kind = 'ip' then 'ip.syntax'
            when row_number % 3 = 0 then 'enum' when row_number % 3 = 1 then 'ts.format' else 'acct.unknown' end as fault
    from numbered
)
select
    case when spoilt and fault = 'acct.unknown' then 'A-nobody-' || row_number::varchar else account_id end as account_id,
    kind,
    case when not spoilt then value
        when fault = 'id.check' then '11010519801345' || lpad((row_number % 10_000)::varchar, 4, '0')
        when fault = 'id.excel' then '1.10105E+17'
        when fault = 'phone.length' then '13800' || (row_number % 100)::varchar
        when fault = 'ip.syntax' then '300.1.2.' || (row_number % 256)::varchar
        else value end as value,
    case when spoilt and fault = 'ts.format' then '30/02/2025 10:00' else observed_at end as observed_at,
    case when spoilt and fault = 'enum' then 'guess' else source end as source,
    row_number,
    case when spoilt then fault end as expected
from clean
order by row_number
