-- one row per member of staff or relative, kind and start
select
    'S' || lpad(number::varchar, 6, '0') as staff_id,
    ($staff_kinds)[1 + kind] as kind,
    id_document(person, $salt, $regions) as id_doc,
    case when phone >= 0 then phone_number(phone, $salt, $ordinary, $virtual) end as phone,
    instant("from") as valid_from,
    instant("to") as valid_to
from sim_staff
order by staff_id, kind, valid_from
