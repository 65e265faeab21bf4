-- One row per membership and tie to staff within it: an id document decides, a phone or a group goes to people.
create or replace table member_tie as
select
    m.promoter_id,
    t.staff_id,
    t.staff_kind,
    t.tied_by,
    case when t.tied_by = 'id_doc' then 'met' else 'unknown' end as status,
    case t.tied_by
        when 'id_doc' then concat('shares an id document with staff: ', t.staff_kind)
        when 'phone' then concat('shares a phone with staff: ', t.staff_kind, '; numbers are recycled')
        else concat('an account of its same-user group shares an identifier with staff: ', t.staff_kind)
    end as reason,
    case t.tied_by when 'id_doc' then 1.0 when 'group' then 0.7 else 0.5 end as confidence,
    json_object(
        'tied_by', t.tied_by, 'staff_id', t.staff_id, 'staff_kind', t.staff_kind, 'token', t.token, 'group_id', t.group_id
    ) as evidence
from membership as m
inner join staff_tie as t
    on
        m.promoter_id = t.promoter_id
        and t.valid_from < coalesce(m.left_at, $cutoff_at)
        and (t.valid_to is null or t.valid_to > m.joined_at)
