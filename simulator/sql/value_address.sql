-- one row per sighting of a delivery address, typed in the ways people type them
with doors as (
    select
        account, code, happened, source as place, variant, code % 4 as form,
        code // 4 // 16 as building,
        ($places)[1 + code // 64 % len($places)] as town,
        1 + code // 4 % 2 as unit,
        (1 + code // 4 % 16 // 2)::varchar || '0' || (1 + code // 4 % 2)::varchar as room
    from sighting
),
streets as (
    select
        account, code, happened, place, variant, form, unit, room, town,
        ($roads)[1 + building // len($places) % len($roads)] || (1 + building // (len($places) * len($roads)))::varchar || '号' as street,
        ($estates)[1 + building % len($estates)] as estate,
        (1 + building % 19)::varchar as block
    from doors
),
spelled as (
    select
        account, code, happened, place, variant,
        case when variant < 120 then town[2] || town[3] when variant < 160 then town[1] || ' ' || town[2] || ' ' || town[3] || ' '
            else town[1] || town[2] || town[3] end || street as head,
        case form
            when 1 then '大学学生公寓' || block || '栋' || room || '室'
            when 2 then estate || '丰巢快递柜'
            when 3 then '创新大厦' || block || '层'
            else estate || case
                when variant % 10 < 2 then block || '-' || unit::varchar || '-' || room
                when variant % 10 < 4 then block || '号楼' || unit::varchar || '单元' || room
                else block || '栋' || unit::varchar || '单元' || room || '室' end
        end as tail
    from streets
)
select
    account_id(account, $salt) as account_id,
    'address' as kind,
    case
        when variant >= 940 then head || tail || '（' || ($receivers)[1 + variant % len($receivers)] || '收）'
        when variant >= 900 then translate(head || tail, '0123456789', '０１２３４５６７８９')
        else head || tail
    end as value,
    instant(happened) as observed_at,
    ($sources)[1 + place] as source
from spelled
order by account, happened, code, place
